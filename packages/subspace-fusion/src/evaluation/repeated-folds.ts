import { refuse, repeatedSplits, type Metric } from '../metrics/index.js';
import type { RepeatedFolds } from './comparison-types.js';
import { HEADLINES, type Draw } from './fold-metrics.js';
import type { FoldScores } from './fold-scores.js';
import { difference, differenceName, runMean, type Pair } from './metric-means.js';
import { byName } from './result.js';

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
    const refused = ofFolds.findIndex(({ value }) => value === null);
    const metric = ofFolds[refused];
    if (metric?.value === null)
      return { mean: refuse(name, `fold ${folds[refused].fold}: ${metric.reason}`), p: undefined };
    const { mean, pValue } = repeatedSplits(
      name,
      ofFolds.map(({ value }) => value!),
      train,
      test,
    );
    return { mean, p: pValue.value ?? undefined };
  };
  const differences = pairs.map(([model, reference]) => {
    const name = differenceName(model, reference);
    const ofFolds = folds.map((_, f) => difference(values.get(model)![f], values.get(reference)![f], name));
    const { mean, p } = over(name, ofFolds);
    return [name, { ...byName([mean])[name], ...(p === undefined ? {} : { p }) }] as const;
  });
  return {
    repeats,
    folds: folds.length / repeats,
    models: Object.fromEntries(names.map((name) => [name, byName([over(name, values.get(name)!).mean])[name]])),
    differences: Object.fromEntries(differences),
  };
}
