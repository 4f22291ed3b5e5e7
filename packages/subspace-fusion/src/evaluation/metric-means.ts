import { refuse, type Estimate, type Metric } from '../metrics/index.js';
import type { Draw, MetricSet } from './fold-metrics.js';

/** A model's metrics on a draw of each fold, `[metric]`: the mean over its runs of a fold, then over folds. Predictions are never pooled. */
export function foldMean(draws: readonly Draw[], model: string, set: MetricSet): Metric[] {
  return meanOverFolds(
    draws,
    draws.map((draw) => runMean(draw, model, set)),
  );
}

/** A model's metrics on a draw of one fold, `[metric]`: the mean over its runs. */
export function runMean(draw: Draw, model: string, set: MetricSet): Metric[] {
  const scores = draw.fold.models[model];
  if ('reason' in scores) return set.names.map((name) => refuse(name, scores.reason));
  const runs = scores.runs.map((_, run) => set.score(draw, model, run));
  return runs[0].map((first, m) =>
    mean(
      first,
      runs.map((metrics) => metrics[m]),
    ),
  );
}

/** Two models by their names. */
export type Pair = readonly [model: string, reference: string];

/** Key of a paired difference, `subspace - ridgeCox`. */
export const differenceName = (model: string, reference: string): string => `${model} - ${reference}`;

/** The paired difference of two models in one metric. */
export function difference(model: Metric, reference: Metric, name: string): Metric {
  if (model.value === null || reference.value === null) return { ...(model.value === null ? model : reference), name };
  const { estimator, ties, n, events, comparablePairs } = model;
  return {
    name,
    value: model.value - reference.value,
    estimator: `paired difference of the ${estimator}`,
    ties,
    n,
    events,
    comparablePairs,
  };
}

/** `metrics: [folds][metric]` → the mean over folds, with patients, deaths and pairs counted over all folds of a repeat. */
function meanOverFolds(draws: readonly Draw[], metrics: readonly Metric[][]): Metric[] {
  if (draws.length === 1) return metrics[0];
  const folds = draws.map(({ fold }) => fold);
  const repeats = new Set(folds.map(({ repeat }) => repeat)).size;
  return metrics[0].map(({ name }, m) => {
    const own = metrics.map((ofFold) => ofFold[m]);
    const refused = own.findIndex(({ value }) => value === null);
    if (refused >= 0)
      return refuse(name, sharedReason(own) ?? `fold ${folds[refused].fold}: ${reasonOf(own[refused])}`);
    const estimates = own as Estimate[];
    const total = (count: (e: Estimate) => number | undefined) => {
      const sum = estimates.reduce<number | undefined>((all, e) => add(all, count(e)), 0);
      return sum === undefined ? undefined : Math.round(sum / repeats);
    };
    const { estimator, ties, noInterval } = estimates[0];
    return {
      name,
      value: estimates.reduce((sum, e) => sum + e.value, 0) / estimates.length,
      estimator: `mean over ${folds.length} folds of ${estimator}`,
      ties,
      n: total((e) => e.n)!,
      events: total((e) => e.events),
      comparablePairs: total((e) => e.comparablePairs),
      ...(noInterval === undefined ? {} : { noInterval }),
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
