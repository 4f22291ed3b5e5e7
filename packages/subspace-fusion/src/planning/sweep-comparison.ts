import { join } from 'node:path';
import { loadCohort } from '../cohort/index.js';
import { compareModels } from '../comparison/comparison.js';
import { cautionsOf } from '../comparison/crossval.js';
import { scoreFold, type EndedRun } from '../comparison/fold-runs.js';
import { countPatients } from '../comparison/fold-scores.js';
import { describeModel, slideMeans } from '../comparison/model-detail.js';
import type { PlannedRun, RunOutcome } from '../comparison/planned-runs.js';
import { foldName, type ComparedTask, type TableRun } from '../comparison/tables/index.js';
import type { Comparison, ModelDetail } from '../comparison/types.js';
import type { Result } from '../evaluation/result.js';
import { writeJson } from '../runs/run-folder.js';
import { JOB_FILES, readWholeJson, type Job } from './job.js';
import type { Sweep, SweepRun } from './settings.js';

/** All models of one task on the same folds, simple ones too. */
export interface TaskComparison extends Comparison, ModelDetail {
  readonly task: string;
  /** The plan's first model, which the others are taken from in `differences`. */
  readonly reference: string;
  readonly folds: readonly number[];
  readonly seeds: readonly number[];
  readonly patients: number;
  /** All of it with outcomes exchanged between patients: every model is at chance, or something leaks. */
  readonly control?: 'shuffled-outcomes';
  /** What each fold alone says. */
  readonly byFold: readonly (FoldOfRun & Pick<Comparison, 'models' | 'differences'> & { readonly patients: number })[];
  /** The finished runs that all numbers come from. */
  readonly runs: readonly TableRun[];
}

export const COMPARISON_FILE = 'comparison.json';

/** A run's model in tables: `mcat`, `subspace/no-consistency`, `subspace/permuted-bags`. With shuffled outcomes all models are compared by themselves. */
export function modelOf({ setting: { model, variant }, control }: SweepRun): string {
  return [model, variant, control === 'permuted-bags' ? control : ''].filter((part) => part !== '').join('/');
}

/**
 * Compares the finished runs of a sweep, task by task: metrics as means over folds and seeds, and paired differences of the plan's
 * first model to each other one; the control with shuffled outcomes apart, since there all models, simple ones too, see other outcomes.
 * Folds of which some model has no finished run are left out. Writes `comparison.json`.
 */
export async function compareSweep(sweep: Sweep): Promise<TaskComparison[]> {
  const tasks = [...new Set(sweep.runs.map(({ setting }) => setting.task))];
  const compared = await Promise.all(
    tasks.flatMap((task) => [compareTask(sweep, task), compareTask(sweep, task, 'shuffled-outcomes')]),
  );
  const comparisons = compared.filter((comparison) => comparison !== undefined);
  await writeJson(join(sweep.out, COMPARISON_FILE), comparisons);
  return comparisons;
}

async function compareTask(
  { runs, jobs }: Sweep,
  task: string,
  control?: 'shuffled-outcomes',
): Promise<TaskComparison | undefined> {
  const belongs = (run: SweepRun) =>
    run.setting.task === task && (run.control === 'shuffled-outcomes') === (control !== undefined);
  const own = runs.flatMap((run, i) => (belongs(run) ? [{ run, job: jobs[i] }] : []));
  const ended = await Promise.all(own.map(async ({ run, job }) => ({ run, end: await endOf(job) })));
  const names = [...new Set(own.map(({ run }) => modelOf(run)))];
  const folds = distinctFolds(own.map(({ run }) => run));
  const runsOf = ({ fold, repeat }: FoldOfRun, name: string): EndedRun[] =>
    ended.flatMap(({ run, end }) => (run.fold === fold && run.repeat === repeat && modelOf(run) === name ? [end] : []));
  const isWhole = (fold: FoldOfRun) =>
    names.every((name) => runsOf(fold, name).some(({ outcome }) => 'result' in outcome));
  const whole = folds.filter(isWhole);
  if (whole.length === 0) return undefined;

  const { config } = own[0].run;
  const { cohort } = await loadCohort(config);
  const means = await slideMeans(cohort.patients, config.model.bag);
  const scores = await Promise.all(
    whole.map((fold) =>
      scoreFold(fold, cohort, means, Object.fromEntries(names.map((name) => [name, runsOf(fold, name)]))),
    ),
  );
  const found = scores.filter((fold) => fold !== undefined);
  const seeds = [...new Set(own.map(({ run }) => run.seed))];
  const [reference, ...others] = Object.keys(found[0].models);
  const pairs = others.map((other) => [reference, other] as const);
  const { seed } = config.training;
  const detail = describeModel(found, reference, cohort.patients, seeds, config);
  return {
    task,
    reference: reference,
    folds: whole.map(({ fold }) => fold),
    seeds,
    patients: countPatients(found),
    ...(control ? { control } : {}),
    ...compareModels(found, pairs, seed),
    ...detail,
    notes: [
      ...detail.notes,
      ...cautionsOf(ended.map(({ run, end: { outcome } }) => ({ folder: run.folder, outcome }))),
    ],
    byFold: found.map((scored) => {
      const { models, differences } = compareModels([scored], pairs, seed);
      return { fold: scored.fold, repeat: scored.repeat, patients: scored.patients.length, models, differences };
    }),
    runs: ended.flatMap(({ run, end: { outcome } }) => {
      const { fold, repeat, seed, folder } = run;
      return 'result' in outcome && isWhole(run) ? [{ model: modelOf(run), fold, repeat, seed, folder }] : [];
    }),
  };
}

/** A comparison as its tables show it. */
export function comparedTask({
  task,
  control,
  models,
  differences,
  patients,
  byFold,
  runs,
  ...rest
}: TaskComparison): ComparedTask {
  return {
    ...rest,
    task:
      control === undefined ? task : `${task}, outcomes shuffled between patients (a control: all are at chance, 0.5)`,
    scopes: [
      { kind: 'all', part: '', patients, models, differences, runs },
      ...byFold.map((fold) => ({
        kind: 'fold' as const,
        part: foldName(fold),
        ...fold,
        runs: runs.filter((run) => run.fold === fold.fold && run.repeat === fold.repeat),
      })),
    ],
  };
}

type FoldOfRun = Pick<PlannedRun, 'fold' | 'repeat'>;

function distinctFolds(runs: readonly FoldOfRun[]): FoldOfRun[] {
  return [...new Map(runs.map(({ fold, repeat }) => [`${repeat ?? ''}/${fold}`, { fold, repeat }])).values()];
}

async function endOf({ folder }: Job): Promise<EndedRun> {
  const result = (await readWholeJson(join(folder, JOB_FILES.result))) as Result | undefined;
  const outcome: RunOutcome = result ? { result } : { failure: 'it is not finished' };
  return { folder, outcome };
}
