import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hashInputs, loadCohort, sitesOf, type Cohort, type SiteRule } from '../cohort/index.js';
import { foldsOf } from '../cohort/split/folds.js';
import { gatherCrossval, type Crossval } from '../comparison/crossval.js';
import { notesOf } from '../comparison/model-detail.js';
import { planRuns, type Control, type PlannedRun, type RunOutcome } from '../comparison/planned-runs.js';
import type { Subgroup } from '../comparison/subgroups.js';
import type { Config } from '../config/config.js';
import type { Result } from '../evaluation/result.js';
import { InputError, type Problem } from '../files/errors.js';
import { exists, readModel, readRunConfig, RUN_FILES } from '../runs/run-folder.js';
import { readWholeJson, type Job, type JobEnd } from './job.js';
import { inProcess, runJobs } from './run-jobs.js';

export interface RunProgress {
  readonly run: PlannedRun;
  /** Trainings that this process has done, of those it has to do. */
  readonly done: number;
  readonly of: number;
  readonly epoch: number;
  readonly epochs: number;
  /** At the speed so far; undefined at the very start. */
  readonly secondsLeft: number | undefined;
}

export interface CrossvalOptions {
  readonly config: Config;
  /** Holds a run folder for each fold and seed, and `crossval.json`. */
  readonly out: string;
  /** Folds to make; by default those of the config's split file, or five. */
  readonly folds?: number;
  /** How often all patients are dealt to folds; once by default. */
  readonly repeats?: number;
  /** Seeds of the training; every fold is trained with each. */
  readonly seeds: readonly number[];
  readonly control?: { readonly name: Control; readonly seeds: readonly number[] };
  readonly within?: readonly Subgroup[];
  /** Also judges how well the inputs tell the site of a patient: of a TCGA barcode, or of a clinical column. */
  readonly probe?: SiteRule;
  readonly signal?: AbortSignal;
  readonly onWarning?: (problem: Problem) => void;
  readonly onProgress?: (progress: RunProgress) => void;
  /** A run has been trained and scored, or has failed. */
  readonly onRun?: (run: PlannedRun, outcome: RunOutcome, seconds: number) => void;
}

/**
 * Cross-validates one configuration by patient, run after run in this process, and compares it with simpler models. Finished runs are
 * read, an interrupted one goes on, failed ones are tried again. Writes `crossval.json` beside the run folders.
 * @throws InputError for bad input, before any training; Interrupted where the signal says so (the same call goes on)
 */
export async function crossvalidate(options: CrossvalOptions): Promise<Crossval> {
  const { config, out, seeds, control, probe, within = [] } = options;
  const folds = await foldsOf(config, options.folds, options.repeats);
  const { cohort, problems } = await loadCohort(config);
  const subgroups = within.map((subgroup) => ({ ...subgroup, patients: patientsOf(cohort, config, subgroup) }));
  if (probe) sitesOf(cohort.patients, probe, '--probe'); // says what is wrong before anything is trained
  problems.forEach((problem) => options.onWarning?.(problem));
  notesOf(seeds).forEach((message) =>
    options.onWarning?.({ severity: 'warning', file: config.clinical.file, message, remedy: 'Give more with --seeds' }),
  );

  const plan = [...planRuns(folds, seeds), ...(control ? planRuns(folds, control.seeds, control.name) : [])];
  await refuseOtherRuns(out, plan);
  const jobs = plan.map((run) => trainingJob(out, run));
  const runOf = new Map(jobs.map((job, i) => [job, plan[i]]));
  const ends = await runJobs(jobs, inProcess, {
    retryFailed: true,
    signal: options.signal,
    onWarning: newWarnings(problems, options.onWarning),
    onProgress({ job, progress: { done, of: epochs }, ...rest }) {
      options.onProgress?.({ ...rest, run: runOf.get(job)!, epoch: Math.min(Math.floor(done), epochs - 1), epochs });
    },
    async onEnd(job, end, seconds) {
      options.onRun?.(runOf.get(job)!, await outcomeOf(job, end), seconds);
    },
  });
  const runs = await Promise.all(plan.map(async (run, i) => ({ run, outcome: await outcomeOf(jobs[i], ends[i]) })));
  return gatherCrossval({ config, out, cohort, folds, seeds, runs, control: control?.name, probe, subgroups });
}

/** A planned run as a job of its own folder. */
export function trainingJob(out: string, { folder, config }: PlannedRun): Job {
  return { name: folder, folder: join(out, folder), request: { kind: 'training', config } };
}

async function outcomeOf({ folder }: Job, { outcome, message }: JobEnd): Promise<RunOutcome> {
  if (outcome !== 'done') return { failure: message ?? outcome };
  return { result: (await readWholeJson(join(folder, RUN_FILES.result))) as Result };
}

/** The folders have no hash of their config in their names, so that what they hold is compared. */
async function refuseOtherRuns(out: string, plan: readonly PlannedRun[]): Promise<void> {
  const tables = plan[0] ? await hashInputs(plan[0].config) : {};
  for (const { folder, config } of plan) {
    const run = join(out, folder);
    if (!(await exists(join(run, RUN_FILES.model)))) continue;
    const { inputs } = await readModel(run);
    const plain: unknown = JSON.parse(JSON.stringify(config));
    const same =
      isDeepStrictEqual(await readRunConfig(run), plain) &&
      Object.entries(tables).every(([name, hash]) => inputs[name] === hash);
    if (!same)
      throw new InputError(`${run}: holds a run of another configuration or other input files. Choose another --out.`);
  }
}

function patientsOf({ patients }: Cohort, { clinical: { file } }: Config, { column, value }: Subgroup): Set<string> {
  const own = patients.filter(({ clinical }) => clinical[column] === value);
  if (own.length === 0) {
    const there = [...new Set(patients.map(({ clinical }) => clinical[column]))];
    const known =
      there[0] === undefined
        ? `there is no column '${column}'`
        : `no patient has ${column} = '${value}', but ${there.slice(0, 4).join(', ')}`;
    throw new InputError(`${file}: ${known}. Correct --within ${column}=${value}.`);
  }
  return new Set(own.map(({ id }) => id));
}

/** Each run loads the cohort anew; what was said once is not said again. */
function newWarnings(said: readonly Problem[], onWarning: CrossvalOptions['onWarning']): CrossvalOptions['onWarning'] {
  const seen = new Set(said.map(({ message }) => message));
  return (problem) => {
    if (!seen.has(problem.message)) onWarning?.(problem);
    seen.add(problem.message);
  };
}
