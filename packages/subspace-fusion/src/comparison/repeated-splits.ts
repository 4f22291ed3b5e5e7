import { byName } from '../evaluation/score.js';
import { refuse, type Metric } from '../metrics/bootstrap.js';
import { repeatedSplits, type RepeatedSplits } from '../metrics/significance.js';
import { foldName } from '../words/comparison.js';
import type { RepeatedFolds } from './file.js';
import type { Draw, MetricSet } from './fold-metrics.js';
import type { FoldScores } from './fold-scores.js';
import { difference, differenceName, runMean, type FoundDifference, type WantedDifference } from './means.js';

/** Means over repeats × folds, with the corrected resampled t-test. */
export interface OverRepeats extends Pick<RepeatedFolds, 'repeats' | 'folds' | 'models'> {
  readonly differences: readonly FoundDifference[];
}

/**
 * Means over repeats and folds of the metric that speaks for the task, and of paired differences, with the corrected interval and p-value
 * of Nadeau and Bengio (`metrics/significance`). Undefined where the patients are dealt to folds once.
 * @param everyone all patients of each fold
 * @param sets the first holds the metric that speaks for the task
 */
export function overRepeats(
  everyone: readonly Draw[],
  names: readonly string[],
  wanted: readonly WantedDifference[],
  sets: readonly MetricSet[],
): OverRepeats | undefined {
  const folds = everyone.map(({ fold }) => fold);
  const repeats = new Set(folds.map(({ repeat }) => repeat)).size;
  if (repeats < 2) return undefined;
  const ofFolds = new Map<string, readonly Metric[]>();
  for (const name of names)
    for (const set of sets) {
      const scores = everyone.map((draw) => runMean(draw, name, set));
      set.names.forEach((metric, m) =>
        ofFolds.set(
          `${name} ${metric}`,
          scores.map((own) => own[m]),
        ),
      );
    }
  const metricOf = (name: string, metric: string) => ofFolds.get(`${name} ${metric}`) ?? [];
  const [headline] = sets[0].names;
  return {
    repeats,
    folds: folds.length / repeats,
    models: Object.fromEntries(
      names.map((name) => [name, byName([corrected(folds, name, metricOf(name, headline)).mean])[name]]),
    ),
    differences: wanted.map((want): FoundDifference => {
      const name = differenceName(want.model, want.reference);
      const [own, others] = [metricOf(want.model, want.metric), metricOf(want.reference, want.metric)];
      const { mean, pValue } = corrected(
        folds,
        name,
        own.map((metric, f) => difference(metric, others[f], name)),
      );
      return { ...want, value: mean, ...(pValue.value === null ? {} : { p: pValue.value }) };
    }),
  };
}

/** The mean over folds of one metric, or why a fold has none. */
function corrected(folds: readonly FoldScores[], name: string, ofFolds: readonly Metric[]): RepeatedSplits {
  const known: number[] = [];
  for (const [f, metric] of ofFolds.entries()) {
    if (metric.value === null) {
      const refused = refuse(name, `${foldName(folds[f])}: ${metric.reason}`);
      return { mean: refused, pValue: refused };
    }
    known.push(metric.value);
  }
  const perFold = (count: (fold: FoldScores) => number) =>
    folds.reduce((sum, fold) => sum + count(fold), 0) / folds.length;
  const train = perFold(({ training }) => training.patients);
  return repeatedSplits(
    name,
    known,
    train,
    perFold(({ patients }) => patients.length),
  );
}
