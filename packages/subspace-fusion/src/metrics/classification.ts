import { requireNumbers } from './arrays.js';
import { macroAuc } from './auc.js';
import {
  accuracy,
  balancedAccuracy,
  confusionMatrix,
  macroF1,
  precision,
  predictedClasses,
  sensitivity,
  specificity,
} from './confusion.js';
import type { Metric } from './metric.js';

/**
 * All metrics of a classification, from class probabilities [n, classes] and true classes [n].
 * Throws a RangeError where the sizes contradict each other, a probability is NaN or a class is unknown.
 */
export function classificationMetrics(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
): Metric[] {
  requireNumbers(truth.length * classes, { probabilities });
  const confusion = confusionMatrix(truth, predictedClasses(probabilities, classes), classes);
  return [
    accuracy(confusion),
    balancedAccuracy(confusion),
    macroF1(confusion),
    macroAuc(probabilities, truth, classes),
    sensitivity(confusion),
    specificity(confusion),
    precision(confusion),
  ];
}
