import { requireClasses, requireNumbers } from '../arrays.js';
import { refuse, type Metric } from '../metric.js';

/**
 * Brier score of class probabilities (Brier 1950): the mean over patients of `Σ_c (p_c − [truth = c])²`, 0 for certain and
 * right, 2 for certain and wrong. (The score of two classes is often given as half of it.) `probabilities` [n, classes],
 * `truth` [n]. Refused for nobody. Throws a RangeError on NaN, wrong sizes or unknown classes.
 */
export function classBrier(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric {
  const name = 'brier';
  const n = truth.length;
  requireNumbers(n * classes, { probabilities });
  requireClasses(truth, classes);
  if (n === 0) return refuse(name, 'there are no patients');
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < classes; c++) sum += (probabilities[i * classes + c] - (truth[i] === c ? 1 : 0)) ** 2;
  }
  return { name, value: sum / n, estimator: 'Brier score, summed over classes', ties: 'none', n };
}

/**
 * Log loss: the mean over patients of `−log p_truth`, in nats. Refused for nobody, and where a true class has probability 0,
 * which no finite value describes. Arguments and errors as {@link classBrier}.
 */
export function logLoss(probabilities: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric {
  const name = 'logLoss';
  const n = truth.length;
  requireNumbers(n * classes, { probabilities });
  requireClasses(truth, classes);
  if (n === 0) return refuse(name, 'there are no patients');
  let sum = 0;
  let ruledOut = 0;
  for (let i = 0; i < n; i++) {
    const p = probabilities[i * classes + truth[i]];
    if (p > 0) sum -= Math.log(p);
    else ruledOut++;
  }
  if (ruledOut > 0) return refuse(name, `the true class of ${ruledOut} of ${n} patients has probability 0`);
  return { name, value: sum / n, estimator: 'mean negative log likelihood, nats', ties: 'none', n };
}
