import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sitesOf } from '../cohort/clinical/sites.js';
import { loadCohort } from '../cohort/load.js';
import { requirePatientsForFolds, strataOf } from '../cohort/split/split.js';
import type { Cohort } from '../cohort/types.js';
import { compareTask, type ComparedRun } from '../comparison/compare-task.js';
import { writeComparisonFile, type ComparisonFile, type TaskComparison } from '../comparison/file.js';
import type { RunOutcome } from '../comparison/fold-runs.js';
import { notesOf } from '../comparison/model-detail.js';
import { writePredictions, type PredictionRow } from '../comparison/predictions.js';
import type { Subgroup } from '../comparison/subgroups.js';
import type { Config } from '../config/config.js';
import { makeFolder, removeEmpty } from '../files/atomic.js';
import { InputError, type Problem } from '../files/errors.js';
import { exists, openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import type { Job, JobEnd } from './job.js';
import { jobsOf, type Plan, type PlannedRun } from './plan.js';
import { resultOf, writeResults } from './results-table.js';
import { runJobs, type Executor, type JobsEvents } from './run-jobs.js';

/**
 * Loads each cohort of a plan once, so that bad input is found before hundreds of runs are done. Returns what is to be warned of.
 * @throws {InputError} also where a subgroup has no patient, no site is known that is to be told, or a folder holds another run
 */
export async function checkPlan({ runs, within = [], probe }: Plan): Promise<Problem[]> {
  const seen = new Set<string>();
  const problems = new Map<string, Problem>();
  for (const { setting, config: ofRun } of runs) {
    const { config } = setting;
    const key = JSON.stringify({ ...config, training: undefined, model: config.model.bag });
    if (seen.has(key)) continue;
    seen.add(key);
    const { cohort, problems: own } = await loadCohort(config);
    if (ofRun.split.folds !== undefined) requirePatientsForFolds(ofRun.split.folds, strataOf(cohort.patients, config));
    for (const subgroup of within) requirePatients(cohort, config, subgroup);
    if (probe) sitesOf(cohort.patients, probe, '--probe');
    const seeds = new Set(runs.flatMap(({ control, seed }) => (control === undefined ? [seed] : [])));
    const notes = notesOf([...seeds]).map((message): Problem => ({
      severity: 'warning',
      file: config.clinical.file,
      message,
      remedy: 'Give more seeds',
    }));
    for (const problem of [...own, ...notes]) problems.set(problem.message, problem);
  }
  for (const run of runs) await refuseOtherRun(run);
  return [...problems.values()];
}

/** The folders of a cross-validation have no hash of the config in their names, so that what they hold is compared with it. */
async function refuseOtherRun({ config, setting, job: { folder } }: PlannedRun): Promise<void> {
  if (!(await exists(join(folder, RUN_FILES.model)))) return;
  const run = await openRunFolder(folder);
  const plain: unknown = JSON.parse(JSON.stringify(config));
  const isSame =
    isDeepStrictEqual(await run.config(), plain) &&
    Object.entries(setting.inputs).every(([name, hash]) => run.model.inputs[name] === hash);
  if (!isSame)
    throw new InputError(`${folder}: holds a run of another configuration or other input files. Choose another --out.`);
}

function requirePatients({ patients }: Cohort, { clinical: { file } }: Config, { column, value }: Subgroup): void {
  const own = patients.flatMap(({ clinical }) => (Object.hasOwn(clinical, column) ? clinical[column] : []));
  if (own.includes(value)) return;
  const there = [...new Set(own)];
  const known =
    there.length === 0
      ? `there is no column '${column}'`
      : `no patient has ${column} = '${value}', but ${there.slice(0, 4).join(', ')}`;
  throw new InputError(`${file}: ${known}. Correct --within ${column}=${value}.`);
}

interface CarryOutOptions extends JobsEvents {
  readonly retryFailed: boolean;
  /** Called, once the runs are done, after the slides of each patient were read for the simple models. */
  readonly onPatient?: (done: number, of: number) => void;
}

/**
 * Does the runs that are not done, and compares the finished ones, in `comparison.json`, with the predictions of simple models in `simple-predictions.csv`; `results.csv` has a row for each run, also where it
 * was stopped on the way. Failed runs are done again only where `retryFailed` says so.
 * @throws InputError for bad input, before any training; Interrupted where the signal says so (the same call goes on)
 */
export async function carryOut(
  plan: Plan,
  execute: Executor,
  { onWarning, onPatient, ...events }: CarryOutOptions,
): Promise<ComparisonFile> {
  const warn = once(onWarning);
  const made = await makeFolder(plan.out);
  const warnings = await checkPlan(plan).catch(async (error: unknown) => {
    await removeEmpty(made);
    throw error;
  });
  warnings.forEach(warn);
  const jobs = jobsOf(plan);
  try {
    const ends = await runJobs(jobs, execute, { ...events, onWarning: warn });
    return await comparePlan(plan, new Map(jobs.map((job, i) => [job, ends[i]])), onPatient);
  } finally {
    await writeResults(plan);
  }
}

/** Each run loads the cohort anew; what was said once is not said again. */
function once(onWarning: JobsEvents['onWarning']): (problem: Problem) => void {
  const said = new Set<string>();
  return (problem) => {
    if (!said.has(problem.message)) onWarning?.(problem);
    said.add(problem.message);
  };
}

/** Compares the finished runs of a plan, task by task, and writes `comparison.json`. A task of which no fold is finished is not in it. */
async function comparePlan(
  plan: Plan,
  ends: ReadonlyMap<Job, JobEnd | undefined>,
  onPatient: CarryOutOptions['onPatient'],
): Promise<ComparisonFile> {
  const names = [...new Set(plan.runs.map(({ setting }) => setting.task))];
  const tasks: TaskComparison[] = [];
  const predictions: PredictionRow[] = [];
  for (const task of names) {
    const own = plan.runs.filter(({ setting }) => setting.task === task);
    const runs = await Promise.all(own.map((run) => comparedRun(run, ends.get(run.job))));
    const { config } = own[0].setting;
    const { cohort } = await loadCohort(config);
    const compared = await compareTask({ config, cohort, runs, within: plan.within, probe: plan.probe, onPatient });
    if (!compared) continue;
    tasks.push(compared.comparison);
    for (const row of compared.predictions) predictions.push(row);
  }
  const comparison: ComparisonFile = { format: 1, name: plan.name, tasks };
  await writeComparisonFile(plan.out, comparison);
  await writePredictions(plan.out, predictions);
  return comparison;
}

/** A run's model in tables: `mcat`, `subspace/no-consistency`, `subspace/permuted-bags`. With shuffled outcomes all models are compared by themselves. */
function modelOf({ setting: { model, variant }, control }: PlannedRun): string {
  return [model, variant, control === 'permuted-bags' ? control : ''].filter((part) => part !== '').join('/');
}

async function comparedRun(run: PlannedRun, end: JobEnd | undefined): Promise<ComparedRun> {
  const { fold, repeat, seed, control, folder, job } = run;
  return {
    model: modelOf(run),
    fold,
    ...(repeat === undefined ? {} : { repeat }),
    seed,
    ...(control === undefined ? {} : { control }),
    folder,
    path: job.folder,
    outcome: await outcomeOf(job, end),
  };
}

async function outcomeOf(job: Job, end: JobEnd | undefined): Promise<RunOutcome> {
  const result = await resultOf(job);
  return result ? { result } : { failure: end?.message ?? end?.outcome ?? 'it is not finished' };
}
