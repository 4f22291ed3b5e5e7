import type { TimeUnit } from '../cohort/types.js';
import type { ScoredRuns } from '../evaluation/baselines.js';
import type { BatchLabels } from '../inference/batch.js';
import type { ClinicalReference } from './clinical-reference.js';

/** What happened to a fold's test patients. */
export type Truth =
  | { readonly kind: 'survival'; readonly time: readonly number[]; readonly event: readonly boolean[] }
  | { readonly kind: 'classes'; readonly labels: readonly number[]; readonly classes: readonly string[] };

/**
 * What a model says of a fold's test patients, once for each of its runs (seeds): risks `[n]`, higher is worse, with probabilities of
 * survival where it has them; or class probabilities `[n, C]`. Or why it says nothing.
 */
export type ModelScores = ScoredRuns | { readonly reason: string };

/** The patients that a fold's models are fitted on. */
export interface TrainingPatients {
  readonly patients: number;
  /** Survival only: they alone say who is censored when, and what horizon can be judged. */
  readonly survival?: {
    readonly time: readonly number[];
    readonly event: readonly boolean[];
    readonly timeUnit: TimeUnit;
  };
}

/** The test patients of one fold beside what each model says of them. */
export interface FoldScores {
  readonly fold: number;
  /** Which dealing of the patients to folds; absent where there is only one. */
  readonly repeat?: number;
  readonly patients: readonly string[];
  readonly truth: Truth;
  readonly training: TrainingPatients;
  /** What the model of age, diagnosis and grade is made of here; absent where there is no such model. */
  readonly reference?: ClinicalReference;
  /** By the model's name; every fold has the same models. */
  readonly models: Readonly<Record<string, ModelScores>>;
}

export function truthOf(labels: BatchLabels, classes: readonly string[]): Truth {
  if (labels.kind === 'classes') return { kind: 'classes', labels: labels.labels, classes };
  return { kind: 'survival', time: labels.labels.map((l) => l.time), event: labels.labels.map((l) => !l.censored) };
}

/** Training patients by their labels. */
export function trainingOf(labels: BatchLabels, timeUnit: TimeUnit): TrainingPatients {
  const truth = truthOf(labels, []);
  const patients = labels.labels.length;
  return truth.kind === 'classes'
    ? { patients }
    : { patients, survival: { time: truth.time, event: truth.event, timeUnit } };
}

/** Test patients of the folds, each counted once however often it is tested. */
export function countPatients(folds: readonly FoldScores[]): number {
  return new Set(folds.flatMap(({ patients }) => patients)).size;
}

/** How many of them die, each counted once however often they are tested; none are known of classes. */
export function countDeaths(folds: readonly FoldScores[]): number {
  const dead = folds.flatMap(({ patients, truth }) =>
    truth.kind === 'survival' ? patients.filter((_, row) => truth.event[row]) : [],
  );
  return new Set(dead).size;
}

/** How often a test patient is tested, on average: 1 where the folds share no patient, the repeats where all are dealt to folds again. */
export function testsPerPatient(folds: readonly FoldScores[]): number {
  const tests = folds.reduce((sum, { patients }) => sum + patients.length, 0);
  return tests / countPatients(folds);
}

/** What each run of a model says, risks or probabilities. @throws RangeError where the model says nothing */
export function runsOf({ models, fold }: FoldScores, model: string): readonly ArrayLike<number>[] {
  const scores = models[model];
  if ('reason' in scores) throw new RangeError(`${model} says nothing in fold ${fold}`);
  return scores.runs;
}

export function survivalOf({ truth }: FoldScores): Truth & { kind: 'survival' } {
  if (truth.kind !== 'survival') throw new TypeError('survival expected');
  return truth;
}

export function classesOf({ truth }: FoldScores): Truth & { kind: 'classes' } {
  if (truth.kind !== 'classes') throw new TypeError('classes expected');
  return truth;
}
