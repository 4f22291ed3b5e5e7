import { classificationMetrics, concordanceIndex, refuse, takeRows, withIntervals, type Estimate, type Metric } from '../metrics/index.js';
import { nameClasses } from './class-names.js';
import type { FoldScores, Truth } from './fold-scores.js';
import { byName, type NamedMetrics } from './result.js';

/** Models on the same folds: each model's metrics, and by how much pairs of them differ in the metric that speaks for the task. */
export interface Comparison {
  readonly models: Readonly<Record<string, NamedMetrics>>;
  /** By {@link differenceName}: the difference of the concordance index, or of macro AUC. */
  readonly differences: NamedMetrics;
}

/** Key of a paired difference, `subspace - ridgeCox`. */
export const differenceName = (model: string, reference: string): string => `${model} - ${reference}`;

/** Metrics of each kind of task, in the order of their computation. */
const METRICS = {
  survival: ['concordanceIndex'],
  classes: ['accuracy', 'balancedAccuracy', 'macroF1', 'macroAuc', 'sensitivity', 'specificity', 'precision'],
} as const;

/** The metric that speaks for a task. */
export const HEADLINE = { survival: 'concordanceIndex', classes: 'macroAuc' } as const;

/**
 * Metrics of every model as the mean over its runs of a fold, then over folds: models of different folds share no scale, so their
 * predictions are never pooled. Intervals are 95 % percentile bootstrap by patient within folds, the models taken as trained; all
 * models see the same draws, which makes the differences paired.
 * @param folds one or more, each with the same models
 * @param pairs names of two models, [model, reference]
 */
export function compareModels(
  folds: readonly FoldScores[],
  pairs: readonly (readonly [model: string, reference: string])[],
  seed: number,
  resamples = 1000,
): Comparison {
  const { truth, models } = folds[0]!;
  const names = Object.keys(models);
  const width = METRICS[truth.kind].length;
  const headline = names.map((_, m) => m * width + (METRICS[truth.kind] as readonly string[]).indexOf(HEADLINE[truth.kind]));
  const sizes = folds.map(({ patients }) => patients.length);
  const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((sum, n) => sum + n, 0));

  /** Each model's metrics one after the other, then the differences. */
  const evaluate = (drawn: Uint32Array): Metric[] => {
    const rows = starts.map((start, f) => drawn.subarray(start, start + sizes[f]!).map((row) => row - start));
    const metrics = names.flatMap((name) => meanOverFolds(folds, folds.map((fold, f) => scoreFold(fold, name, rows[f]!))));
    const of = (name: string) => metrics[headline[names.indexOf(name)]!]!;
    return [...metrics, ...pairs.map(([model, reference]) => difference(of(model), of(reference), differenceName(model, reference)))];
  };

  const metrics = withIntervals(evaluate, sizes, seed, resamples);
  return {
    models: Object.fromEntries(names.map((name, m) => [name, byName(metrics.slice(m * width, (m + 1) * width))])),
    differences: byName(metrics.slice(names.length * width)),
  };
}

/** One model's metrics on some of a fold's patients, the mean over its runs. */
function scoreFold({ truth, models }: FoldScores, name: string, rows: Uint32Array): Metric[] {
  const scores = models[name]!;
  if ('reason' in scores) return METRICS[truth.kind].map((metric) => refuse(metric, scores.reason));
  const runs = scores.runs.map((run) => scoreRun(truth, run, rows));
  return runs[0]!.map((first, m) => mean(first, runs.map((metrics) => metrics[m]!)));
}

function scoreRun(truth: Truth, scores: ArrayLike<number>, rows: Uint32Array): Metric[] {
  if (truth.kind === 'survival') return [concordanceIndex(takeRows(truth.time, rows), takeRows(truth.event, rows), takeRows(scores, rows))];
  const C = truth.classes.length;
  return classificationMetrics(takeRows(scores, rows, C), takeRows(truth.labels, rows), C).map((metric) => nameClasses(metric, truth.classes));
}

/** `metrics: [folds][metric]` → the mean over folds, with patients, deaths and pairs counted over all of them. */
function meanOverFolds(folds: readonly FoldScores[], metrics: readonly Metric[][]): Metric[] {
  if (folds.length === 1) return metrics[0]!;
  return metrics[0]!.map(({ name }, m) => {
    const own = metrics.map((ofFold) => ofFold[m]!);
    const refused = own.findIndex(({ value }) => value === null);
    if (refused >= 0) return refuse(name, sharedReason(own) ?? `fold ${folds[refused]!.fold}: ${reasonOf(own[refused]!)}`);
    const estimates = own as Estimate[];
    const total = (count: (e: Estimate) => number | undefined) => estimates.reduce<number | undefined>((sum, e) => add(sum, count(e)), 0);
    const { estimator, ties } = estimates[0]!;
    return {
      name,
      value: estimates.reduce((sum, e) => sum + e.value, 0) / estimates.length,
      estimator: `mean over ${folds.length} folds of ${estimator}`,
      ties,
      n: total((e) => e.n)!,
      events: total((e) => e.events),
      comparablePairs: total((e) => e.comparablePairs),
    };
  });
}

const add = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a + b);
const reasonOf = (metric: Metric) => (metric.value === null ? metric.reason : '');

/** What all folds refuse for one reason is not the matter of a fold. */
function sharedReason(metrics: readonly Metric[]): string | undefined {
  const reasons = new Set(metrics.map(reasonOf));
  return reasons.size === 1 ? [...reasons][0] : undefined;
}

/** The mean of one metric over runs on the same patients. */
function mean(first: Metric, metrics: readonly Metric[]): Metric {
  const refused = metrics.find(({ value }) => value === null);
  if (refused || first.value === null) return refused ?? first;
  return { ...first, value: (metrics as Estimate[]).reduce((sum, { value }) => sum + value, 0) / metrics.length };
}

function difference(model: Metric, reference: Metric, name: string): Metric {
  if (model.value === null || reference.value === null) return { ...(model.value === null ? model : reference), name } as Metric;
  const { estimator, ties, n, events } = model;
  return { name, value: model.value - reference.value, estimator: `paired difference of the ${estimator}`, ties, n, events };
}
