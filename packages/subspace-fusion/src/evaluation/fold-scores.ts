import type { BatchLabels } from '../training/batch.js';

/** What happened to a fold's test patients. */
export type Truth =
  | { readonly kind: 'survival'; readonly time: readonly number[]; readonly event: readonly boolean[] }
  | { readonly kind: 'classes'; readonly labels: readonly number[]; readonly classes: readonly string[] };

/**
 * What a model says of a fold's test patients, once for each of its runs (seeds): risks `[n]`, higher is worse, or class
 * probabilities `[n, C]`. Or why it says nothing.
 */
export type Scores = { readonly runs: readonly ArrayLike<number>[] } | { readonly reason: string };

/** The test patients of one fold beside what each model says of them. */
export interface FoldScores {
  readonly fold: number;
  readonly patients: readonly string[];
  readonly truth: Truth;
  /** By the model's name; every fold has the same models. */
  readonly models: Readonly<Record<string, Scores>>;
}

export function truthOf(labels: BatchLabels, classes: readonly string[]): Truth {
  if (labels.kind === 'classes') return { kind: 'classes', labels: labels.labels, classes };
  return { kind: 'survival', time: labels.labels.map((l) => l.time), event: labels.labels.map((l) => !l.censored) };
}
