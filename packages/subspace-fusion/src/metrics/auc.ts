import { ascendingOrder, requireNumbers } from './arrays.js';
import { refuse, type Estimate, type Metric } from './metric.js';

/**
 * Area under the ROC curve of one class against the rest: the probability that a patient of class
 * `positive` scores higher than one of another class, equal scores counting 1/2 (Mann-Whitney U from mid-ranks).
 * `score` and `truth` are [n]. Refused where the class, or the rest, has no patient. Throws a RangeError on unequal
 * lengths or a NaN score.
 */
export function classAuc(score: ArrayLike<number>, truth: ArrayLike<number>, positive: number): Metric {
  const name = `auc[${positive}]`;
  const n = truth.length;
  requireNumbers(n, { score });
  const order = ascendingOrder(score);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0, end = 0; start < n; start = end) {
    let tiedPositives = 0;
    while (end < n && score[order[end]] === score[order[start]]) if (truth[order[end++]] === positive) tiedPositives++;
    const midRank = (start + 1 + end) / 2;
    positives += tiedPositives;
    rankSum += tiedPositives * midRank;
  }
  const negatives = n - positives;
  if (positives === 0) return refuse(name, `class ${positive} has no patient`);
  if (negatives === 0) return refuse(name, `every patient is of class ${positive}`);
  const u = rankSum - (positives * (positives + 1)) / 2;
  return {
    name,
    value: u / (positives * negatives),
    estimator: 'ROC area, one versus rest',
    ties: 'equal scores count 1/2',
    n,
  };
}

/** The area of each class in turn, from `probabilities` [n, classes]. */
export function classAucs(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric[] {
  return Array.from({ length: classes }, (_, c) =>
    classAuc(
      Float64Array.from(truth, (_, row) => probabilities[row * classes + c]),
      truth,
      c,
    ),
  );
}

/** Unweighted mean of the areas of all classes. Refused where one of them is. */
export function macroAuc(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric {
  const name = 'macroAuc';
  const areas = classAucs(probabilities, truth, classes);
  for (const area of areas) if (area.value === null) return refuse(name, area.reason);
  const value = (areas as Estimate[]).reduce((sum, area) => sum + area.value, 0) / classes;
  return {
    name,
    value,
    estimator: `mean ROC area over ${classes} classes, one versus rest`,
    ties: 'equal scores count 1/2',
    n: truth.length,
  };
}
