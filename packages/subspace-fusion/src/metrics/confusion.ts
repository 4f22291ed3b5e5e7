import { requireClasses } from './arrays.js';
import { refuse, type Metric } from './metric.js';

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
  return { name, value: right / n, estimator: 'share of patients', ties: TIES, n };
}

/**
 * Mean over the classes `seen` of a ratio of counts. A class whose ratio is 0/0 takes part with 0, as
 * scikit-learn does, and is named in the note; where that is every class, the metric is refused.
 */
function macro(
  name: string,
  confusion: Confusion,
  seen: (counts: OneVersusRest) => boolean,
  ratio: (counts: OneVersusRest) => readonly [numerator: number, denominator: number],
): Metric {
  if (confusion.n === 0) return refuse(name, 'there are no patients');
  let sum = 0;
  let terms = 0;
  const undefinedClasses: number[] = [];
  for (let c = 0; c < confusion.classes; c++) {
    const counts = oneVersusRest(confusion, c);
    if (!seen(counts)) continue;
    const [numerator, denominator] = ratio(counts);
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
  };
  return undefinedClasses.length === 0
    ? estimate
    : { ...estimate, note: `0/0 for class ${undefinedClasses.join(', ')}, which counts as 0` };
}

const inTruth = (c: OneVersusRest) => c.truePositives + c.falseNegatives > 0;
const inTruthOrPrediction = (c: OneVersusRest) => inTruth(c) || c.falsePositives > 0;

/** Mean recall of the classes that have patients. */
export function balancedAccuracy(confusion: Confusion): Metric {
  return macro('balancedAccuracy', confusion, inTruth, (c) => [c.truePositives, c.truePositives + c.falseNegatives]);
}

/** Mean over the classes in truth or prediction of 2·TP / (2·TP + FP + FN). */
export function macroF1(confusion: Confusion): Metric {
  return macro('macroF1', confusion, inTruthOrPrediction, (c) => [
    2 * c.truePositives,
    2 * c.truePositives + c.falsePositives + c.falseNegatives,
  ]);
}

/** Mean over the classes in truth or prediction of TP / (TP + FN). */
export function sensitivity(confusion: Confusion): Metric {
  return macro('sensitivity', confusion, inTruthOrPrediction, (c) => [
    c.truePositives,
    c.truePositives + c.falseNegatives,
  ]);
}

/** Mean over the classes in truth or prediction of TN / (TN + FP). */
export function specificity(confusion: Confusion): Metric {
  return macro('specificity', confusion, inTruthOrPrediction, (c) => [
    c.trueNegatives,
    c.trueNegatives + c.falsePositives,
  ]);
}

/** Mean over the classes in truth or prediction of TP / (TP + FP). */
export function precision(confusion: Confusion): Metric {
  return macro('precision', confusion, inTruthOrPrediction, (c) => [
    c.truePositives,
    c.truePositives + c.falsePositives,
  ]);
}
