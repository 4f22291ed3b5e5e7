import { join } from 'node:path';
import { loadCohort } from '../cohort/index.js';
import { compareModels, type Comparison } from '../evaluation/comparison.js';
import type { RunOutcome } from '../evaluation/crossval-runs.js';
import { scoreFold, type EndedRun } from '../evaluation/fold-runs.js';
import type { Result } from '../evaluation/result.js';
import { slideMeans } from '../evaluation/slide-means.js';
import { writeJson } from '../training/run-folder.js';
import { JOB_FILES, readWholeJson, type Job } from './job.js';
import type { Sweep, SweepRun } from './sweep.js';

/** All models of one task on the same folds, simple ones too. */
export interface TaskComparison extends Comparison {
  readonly task: string;
  /** The plan's first model, which the others are taken from in `differences`. */
  readonly reference: string;
  readonly folds: readonly number[];
  readonly seeds: readonly number[];
  readonly patients: number;
}

export const COMPARISON_FILE = 'comparison.json';

/** A run's model in tables: `mcat`, `subspace/no-consistency`, `subspace/permuted-bags`. */
export function modelOf({ setting: { model, variant }, control }: SweepRun): string {
  return [model, variant, control ?? ''].filter((part) => part !== '').join('/');
}

/**
 * Compares the finished runs of a sweep, task by task: metrics as means over folds and seeds, and paired differences of the plan's
 * first model to each other one. Folds of which some model has no finished run are left out. Writes `comparison.json`.
 */
export async function compareSweep(sweep: Sweep): Promise<TaskComparison[]> {
  const tasks = [...new Set(sweep.runs.map(({ setting }) => setting.task))];
  const compared = await Promise.all(tasks.map((task) => compareTask(sweep, task)));
  const comparisons = compared.filter((comparison) => comparison !== undefined);
  await writeJson(join(sweep.out, COMPARISON_FILE), comparisons);
  return comparisons;
}

async function compareTask({ runs, jobs }: Sweep, task: string): Promise<TaskComparison | undefined> {
  const own = runs.flatMap((run, i) => (run.setting.task === task ? [{ run, job: jobs[i]! }] : []));
  const ended = await Promise.all(own.map(async ({ run, job }) => ({ run, end: await endOf(job) })));
  const names = [...new Set(own.map(({ run }) => modelOf(run)))];
  const folds = [...new Set(own.map(({ run }) => run.fold))];
  const runsOf = (fold: number, name: string): EndedRun[] => ended.flatMap(({ run, end }) => (run.fold === fold && modelOf(run) === name ? [end] : []));
  const isWhole = (fold: number) => names.every((name) => runsOf(fold, name).some(({ outcome }) => 'result' in outcome));
  const whole = folds.filter(isWhole);
  if (whole.length === 0) return undefined;

  const { config } = own[0]!.run;
  const { cohort } = await loadCohort(config);
  const means = await slideMeans(cohort.patients, config.model.bag);
  const scores = await Promise.all(whole.map((fold) => scoreFold(fold, cohort, means, Object.fromEntries(names.map((name) => [name, runsOf(fold, name)])))));
  const found = scores.filter((fold) => fold !== undefined);
  const [reference, ...others] = Object.keys(found[0]!.models);
  return {
    task,
    reference: reference!,
    folds: whole,
    seeds: [...new Set(own.map(({ run }) => run.seed))],
    patients: found.reduce((n, fold) => n + fold.patients.length, 0),
    ...compareModels(found, others.map((other) => [reference!, other] as const), config.training.seed),
  };
}

async function endOf({ folder }: Job): Promise<EndedRun> {
  const result = (await readWholeJson(join(folder, JOB_FILES.result))) as Result | undefined;
  const outcome: RunOutcome = result ? { result } : { failure: 'it is not finished' };
  return { folder, outcome };
}
