import { byName } from '../evaluation/score.js';
import { required } from '../files/errors.js';
import { refuse, type Estimate, type Metric } from '../metrics/bootstrap.js';
import { repeatedSplits } from '../metrics/significance.js';
import { foldName } from '../words/comparison.js';
import type { RepeatedFolds } from './file.js';
import { HEADLINES, type Draw, type MetricSet, type PreparedFold } from './fold-metrics.js';
import { testsPerPatient, type FoldScores } from './fold-scores.js';

/** Who is drawn in a bootstrap of folds, and what a draw is in rows of each fold. */
export interface DrawingUnits {
  /** Groups of which as many are drawn as they have. */
  readonly sizes: readonly number[];
  /** Rows of each fold from the drawn indices, `[folds][rows]`. */
  rowsOf(drawn: Uint32Array): Uint32Array[];
  readonly words: string;
}

/**
 * Patients are drawn within folds where each is tested once. Where the same patients are dealt to folds several times, or the test parts
 * of a split file overlap, a patient is drawn for all folds at once: as independent draws, repeats would make intervals narrower without
 * anything more being known.
 */
export function drawingUnits(folds: readonly FoldScores[]): DrawingUnits {
  if (testsPerPatient(folds) > 1) return acrossRepeats(folds);
  const sizes = folds.map(({ patients }) => patients.length);
  const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((sum, n) => sum + n, 0));
  return {
    sizes,
    rowsOf: (drawn) => starts.map((start, f) => drawn.subarray(start, start + sizes[f]).map((row) => row - start)),
    words: 'patients within folds, the models as trained',
  };
}

function acrossRepeats(folds: readonly FoldScores[]): DrawingUnits {
  const everyone = [...new Set(folds.flatMap(({ patients }) => patients))];
  const rowIn = folds.map(({ patients }) => {
    const rows = new Map(patients.map((id, row) => [id, row]));
    return everyone.map((id) => rows.get(id) ?? -1);
  });
  return {
    sizes: [everyone.length],
    rowsOf: (drawn) => rowIn.map((row) => drawn.map((i) => row[i]).filter((at) => at !== NOT_TESTED)),
    words: 'patients, each with all repeats, the models as trained',
  };
}

/** −1 in an array of unsigned numbers. */
const NOT_TESTED = 0xffffffff;

/** A model's metrics on a draw of each fold, `[metric]`: the mean over its runs of a fold, then over folds. Predictions are never pooled. */
export function foldMean(draws: readonly Draw[], model: string, set: MetricSet): Metric[] {
  return meanOverFolds(
    draws,
    draws.map((draw) => runMean(draw, model, set)),
  );
}

/** A model's metrics on a draw of one fold, `[metric]`: the mean over its runs. */
function runMean(draw: Draw, model: string, set: MetricSet): Metric[] {
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

/** `metrics: [folds][metric]` → the mean over folds. A patient, and a death, is counted once however often it is tested. */
function meanOverFolds(draws: readonly Draw[], metrics: readonly Metric[][]): Metric[] {
  if (draws.length === 1) return metrics[0];
  const folds = draws.map(({ fold }) => fold);
  const total = (count: (tested: PreparedFold['tested']) => number) =>
    folds.reduce((sum, { tested }) => sum + count(tested), 0);
  const repeats = total(({ patients }) => patients) / total(({ newPatients }) => newPatients);
  const repeatsOfDead = total(({ deaths }) => deaths) / total(({ newDeaths }) => newDeaths);
  return metrics[0].map(({ name }, m) => {
    const own = metrics.map((ofFold) => ofFold[m]);
    const refused = own.findIndex(({ value }) => value === null);
    if (refused >= 0)
      return refuse(name, sharedReason(own) ?? `${foldName(folds[refused])}: ${reasonOf(own[refused])}`);
    const estimates = own as Estimate[];
    const counted = (count: (e: Estimate) => number | undefined, times: number) => {
      const sum = estimates.reduce<number | undefined>((all, e) => add(all, count(e)), 0);
      return sum === undefined ? undefined : sum === 0 ? 0 : Math.round(sum / times);
    };
    const { estimator, ties, noInterval } = estimates[0];
    return {
      name,
      value: estimates.reduce((sum, e) => sum + e.value, 0) / estimates.length,
      estimator: `mean over ${folds.length} folds of ${estimator}`,
      ties,
      n: counted((e) => e.n, repeats) ?? 0,
      events: counted((e) => e.events, repeatsOfDead),
      comparablePairs: counted((e) => e.comparablePairs, repeats),
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

/**
 * Means over repeats and folds of the metric that speaks for the task, and of its paired differences, with the corrected interval of
 * Nadeau and Bengio (`metrics/inference/repeated-splits`). Undefined where the patients are dealt to folds once.
 * @param everyone all patients of each fold
 */
export function repeatedFolds(
  everyone: readonly Draw[],
  names: readonly string[],
  pairs: readonly Pair[],
): RepeatedFolds | undefined {
  const folds = everyone.map(({ fold }) => fold);
  const repeats = new Set(folds.map(({ repeat }) => repeat)).size;
  if (repeats < 2) return undefined;
  const { kind } = folds[0].truth;
  const values = new Map(names.map((name) => [name, everyone.map((draw) => runMean(draw, name, HEADLINES[kind])[0])]));
  const perFold = (count: (fold: FoldScores) => number) =>
    folds.reduce((sum, fold) => sum + count(fold), 0) / folds.length;
  const train = perFold(({ training }) => training.patients);
  const test = perFold(({ patients }) => patients.length);

  const over = (name: string, ofFolds: readonly Metric[]) => {
    for (const [f, metric] of ofFolds.entries())
      if (metric.value === null) return { mean: refuse(name, `${foldName(folds[f])}: ${metric.reason}`), p: undefined };
    const known = ofFolds.flatMap(({ value }) => value ?? []);
    const { mean, pValue } = repeatedSplits(name, known, train, test);
    return { mean, p: pValue.value ?? undefined };
  };
  const differences = pairs.map(([model, reference]) => {
    const name = differenceName(model, reference);
    const [own, others] = [required(values, model), required(values, reference)];
    const ofFolds = folds.map((_, f) => difference(own[f], others[f], name));
    const { mean, p } = over(name, ofFolds);
    return [name, { ...byName([mean])[name], ...(p === undefined ? {} : { p }) }] as const;
  });
  return {
    repeats,
    folds: folds.length / repeats,
    models: Object.fromEntries(names.map((name) => [name, byName([over(name, required(values, name)).mean])[name]])),
    differences: Object.fromEntries(differences),
  };
}
