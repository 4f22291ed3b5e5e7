import { requireClasses, requireNumbers } from './arrays.js';
import { refuse, type Metric } from './metric.js';

/** Softmax of each row of `logits` [n, classes], divided by `temperature`: probabilities [n, classes]. */
export function softmaxRows(logits: ArrayLike<number>, classes: number, temperature = 1): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[start + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++)
      sum += probabilities[start + c] = Math.exp((logits[start + c] - largest) / temperature);
    for (let c = 0; c < classes; c++) probabilities[start + c] /= sum;
  }
  return probabilities;
}

/**
 * Logits `[n, classes]` of a model trained with class weights `w` [classes], carried back to the classes' own frequencies:
 * `logit − log w`. The weighted cross entropy is least where softmax(logits) ∝ w_c·p(c|x), so that a rare class looks more
 * probable than it is (Elkan 2001; Menon et al. 2021). Where the patients come with other frequencies than those of training, w
 * is training over new frequency. Throws a RangeError where a weight is not above 0.
 */
export function removeClassWeights(logits: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  const logWeights = Array.from(weights, (w, c) => {
    if (!(w > 0)) throw new RangeError(`the weight of class ${c} is ${w}, it must be above 0`);
    return Math.log(w);
  });
  return Float64Array.from(logits, (logit, i) => logit - logWeights[i % logWeights.length]);
}

const BISECTIONS = 100;

/**
 * The temperature T > 0 that makes softmax(logits/T) most likely on held-out patients (Guo et al. 2017); above 1 the model was
 * too sure, below 1 too hesitant. `logits` [n, classes] free of class weights, `truth` [n]. The negative log likelihood is
 * convex in β = 1/T with slope `Σ (Σ_c softmax(β·z)_c·z_c − z_truth)`, whose root is found by bisection. Refused where there is
 * none: the highest logit is right for every patient (T → 0), or the right logits are no higher than the others on average (T →
 * ∞). Throws a RangeError on NaN, wrong sizes or unknown classes.
 */
export function fitTemperature(logits: ArrayLike<number>, truth: ArrayLike<number>, classes: number): Metric {
  const name = 'temperature';
  const n = truth.length;
  requireNumbers(n * classes, { logits });
  requireClasses(truth, classes);
  if (n === 0) return refuse(name, 'there are no patients');

  const slope = (beta: number) => {
    const probabilities = softmaxRows(logits, classes, 1 / beta);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < classes; c++) sum += probabilities[i * classes + c] * logits[i * classes + c];
      sum -= logits[i * classes + truth[i]];
    }
    return sum;
  };

  if (everyHighestIsRight(logits, truth, classes)) {
    return refuse(name, `the highest logit is right for each of the ${n} patients: no temperature is low enough`);
  }
  if (slope(0) >= 0)
    return refuse(name, 'the logits of the right classes are no higher than the others: no temperature is high enough');
  let low = 0;
  let high = 1;
  while (slope(high) < 0) {
    low = high;
    high *= 2;
  }
  for (let b = 0; b < BISECTIONS; b++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return { name, value: 2 / (low + high), estimator: 'maximum likelihood, one scalar', ties: 'none', n };
}

function everyHighestIsRight(logits: ArrayLike<number>, truth: ArrayLike<number>, classes: number): boolean {
  return Array.from(truth).every((label, i) => {
    for (let c = 0; c < classes; c++) if (logits[i * classes + c] > logits[i * classes + label]) return false;
    return true;
  });
}
