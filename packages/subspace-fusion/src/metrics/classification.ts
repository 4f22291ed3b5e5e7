import { ascendingOrder, requireClasses, requireNumbers } from './arrays.js';
import { refuse, type Estimate, type Metric, type Share, type Sides } from './bootstrap.js';

/** Counts by true (row) and predicted (column) class. */
export interface Confusion {
  readonly classes: number;
  /** [classes, classes], row-major. */
  readonly counts: Int32Array;
  readonly n: number;
}

/**
 * The most probable class of each row of `probabilities` [n, classes]; the first of equal maxima.
 */
export function predictedClasses(probabilities: ArrayLike<number>, classes: number): Int32Array {
  const predicted = new Int32Array(probabilities.length / classes);
  for (let row = 0; row < predicted.length; row++) {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[row * classes + c] > probabilities[row * classes + best]) best = c;
    }
    predicted[row] = best;
  }
  return predicted;
}

/** The confusion matrix of `n` patients. Throws a RangeError where a class is not one of 0…classes−1. */
export function confusionMatrix(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): Confusion {
  if (truth.length !== predicted.length)
    throw new RangeError(`${truth.length} true classes, ${predicted.length} predicted`);
  requireClasses(truth, classes);
  requireClasses(predicted, classes);
  const counts = new Int32Array(classes * classes);
  for (let i = 0; i < truth.length; i++) counts[truth[i] * classes + predicted[i]]++;
  return { classes, counts, n: truth.length };
}

/** One class against the rest. */
interface OneVersusRest {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

function oneVersusRest({ classes, counts, n }: Confusion, c: number): OneVersusRest {
  let isTrue = 0;
  let isPredicted = 0;
  for (let other = 0; other < classes; other++) {
    isTrue += counts[c * classes + other];
    isPredicted += counts[other * classes + c];
  }
  const truePositives = counts[c * classes + c];
  return {
    truePositives,
    falsePositives: isPredicted - truePositives,
    falseNegatives: isTrue - truePositives,
    trueNegatives: n - isTrue - isPredicted + truePositives,
  };
}

const TIES = 'the first of equal maxima is the prediction';

/** Share of the patients whose class is predicted. */
export function accuracy(confusion: Confusion): Metric {
  const name = 'accuracy';
  const { classes, counts, n } = confusion;
  if (n === 0) return refuse(name, 'there are no patients');
  let right = 0;
  for (let c = 0; c < classes; c++) right += counts[c * classes + c];
  return { name, value: right / n, estimator: 'share of patients', ties: TIES, n, shares: [{ right, of: n }] };
}

/**
 * Mean over the classes `seen` of a ratio of counts. A class whose ratio is 0/0 takes part with 0, as
 * scikit-learn does, and is named in the note; where that is every class, the metric is refused.
 * @param ofPatients whether each ratio is a share of patients
 */
function macro(
  name: string,
  confusion: Confusion,
  seen: (counts: OneVersusRest) => boolean,
  ratio: (counts: OneVersusRest) => readonly [numerator: number, denominator: number],
  ofPatients = true,
): Metric {
  if (confusion.n === 0) return refuse(name, 'there are no patients');
  let sum = 0;
  let terms = 0;
  const shares: Share[] = [];
  const undefinedClasses: number[] = [];
  for (let c = 0; c < confusion.classes; c++) {
    const counts = oneVersusRest(confusion, c);
    if (!seen(counts)) {
      shares.push({ right: 0, of: 0 });
      continue;
    }
    const [numerator, denominator] = ratio(counts);
    shares.push({ right: numerator, of: denominator });
    terms++;
    if (denominator === 0) undefinedClasses.push(c);
    else sum += numerator / denominator;
  }
  if (undefinedClasses.length === terms) return refuse(name, 'its ratio is 0/0 for every class in the sample');
  const estimate = {
    name,
    value: sum / terms,
    estimator: `mean over ${terms} classes, one versus rest`,
    ties: TIES,
    n: confusion.n,
    ...(ofPatients ? { shares } : {}),
  };
  return undefinedClasses.length === 0
    ? estimate
    : { ...estimate, note: `0/0 for class ${undefinedClasses.join(', ')}, which counts as 0` };
}

const inTruth = (c: OneVersusRest) => c.truePositives + c.falseNegatives > 0;
const inTruthOrPrediction = (c: OneVersusRest) => inTruth(c) || c.falsePositives > 0;

/** Mean recall of the classes that have patients. */
function balancedAccuracy(confusion: Confusion): Metric {
  return macro('balancedAccuracy', confusion, inTruth, (c) => [c.truePositives, c.truePositives + c.falseNegatives]);
}

/** Mean over the classes in truth or prediction of 2·TP / (2·TP + FP + FN). */
function macroF1(confusion: Confusion): Metric {
  return macro(
    'macroF1',
    confusion,
    inTruthOrPrediction,
    (c) => [2 * c.truePositives, 2 * c.truePositives + c.falsePositives + c.falseNegatives],
    false,
  );
}

/**
 * Mean over the classes in truth or prediction of TP / (TP + FN). Where every predicted class has patients it is the balanced accuracy,
 * so {@link classificationMetrics} leaves it out.
 */
export function macroSensitivity(confusion: Confusion): Metric {
  return macro('sensitivity', confusion, inTruthOrPrediction, (c) => [
    c.truePositives,
    c.truePositives + c.falseNegatives,
  ]);
}

/** Mean over the classes in truth or prediction of TN / (TN + FP). */
function specificity(confusion: Confusion): Metric {
  return macro('specificity', confusion, inTruthOrPrediction, (c) => [
    c.trueNegatives,
    c.trueNegatives + c.falsePositives,
  ]);
}

/** Mean over the classes in truth or prediction of TP / (TP + FP). */
function precision(confusion: Confusion): Metric {
  return macro('precision', confusion, inTruthOrPrediction, (c) => [
    c.truePositives,
    c.truePositives + c.falsePositives,
  ]);
}

/** Cases' worth of a variance known beforehand in the interval of an area. */
export const AREA_BORROWS = 4;

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
    sides: { cases: positives, others: negatives, borrowed: AREA_BORROWS },
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

/** Those of the class with the fewest patients, which a mean over classes is least sure of. */
export function rarest(sides: readonly Sides[]): Sides {
  return sides.reduce((few, other) =>
    Math.min(other.cases, other.others) < Math.min(few.cases, few.others) ? other : few,
  );
}

/** Unweighted mean of the areas of all classes. Refused where one of them is. */
export function macroAuc(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric {
  const name = 'macroAuc';
  const areas: Estimate[] = [];
  for (const area of classAucs(probabilities, truth, classes)) {
    if (area.value === null) return refuse(name, area.reason);
    areas.push(area);
  }
  const value = areas.reduce((sum, area) => sum + area.value, 0) / classes;
  return {
    name,
    value,
    estimator: `mean ROC area over ${classes} classes, one versus rest`,
    ties: 'equal scores count 1/2',
    n: truth.length,
    sides: rarest(areas.flatMap(({ sides }) => sides ?? [])),
  };
}

/** Metrics of the most probable class of each patient. Arguments and errors as {@link classificationMetrics}. */
export function decisionMetrics(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric[] {
  requireNumbers(truth.length * classes, { probabilities });
  const confusion = confusionMatrix(truth, predictedClasses(probabilities, classes), classes);
  return [
    accuracy(confusion),
    balancedAccuracy(confusion),
    macroF1(confusion),
    specificity(confusion),
    precision(confusion),
  ];
}

/**
 * All metrics of a classification, from class probabilities [n, classes] and true classes [n].
 * Throws a RangeError where the sizes contradict each other, a probability is NaN or a class is unknown.
 */
export function classificationMetrics(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
): Metric[] {
  const [right, balanced, f1, ...others] = decisionMetrics(probabilities, truth, classes);
  return [right, balanced, f1, macroAuc(probabilities, truth, classes), ...others];
}
