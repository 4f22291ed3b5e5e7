import { requireClasses, requireNumbers } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { predictedClasses } from './classification.js';
import { wilsonInterval, Z } from './distributions.js';

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
 * ∞). The interval holds the temperatures of which twice the log likelihood is less than 3.84 below the highest, up to 100. Throws a
 * RangeError on NaN, wrong sizes or unknown classes.
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
  const best = (low + high) / 2;
  const [lowest, highest] = likelyBetas(logits, truth, classes, best);
  return {
    name,
    value: 1 / best,
    estimator: 'maximum likelihood, one scalar',
    ties: 'none',
    n,
    low: 1 / highest,
    high: 1 / lowest,
    interval: 'profile likelihood',
  };
}

/** 95 % quantile of χ² with one degree of freedom. */
const LIKELY = Z ** 2;
/** So high a temperature makes all classes alike. */
const HIGHEST_TEMPERATURE = 100;

/** The β below and above `best` at which twice the log likelihood has fallen by 3.84. */
function likelyBetas(
  logits: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
  best: number,
): [low: number, high: number] {
  const highest = logLikelihood(logits, truth, classes, best);
  const isLikely = (beta: number) => 2 * (highest - logLikelihood(logits, truth, classes, beta)) < LIKELY;
  const edge = (inside: number, outside: number) => {
    for (let b = 0; b < BISECTIONS; b++) {
      const middle = (inside + outside) / 2;
      if (isLikely(middle)) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  const flattest = Math.min(best, 1 / HIGHEST_TEMPERATURE);
  let steep = best;
  while (isLikely(steep)) steep *= 2;
  return [isLikely(flattest) ? flattest : edge(best, flattest), edge(best, steep)];
}

function logLikelihood(logits: ArrayLike<number>, truth: ArrayLike<number>, classes: number, beta: number): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) {
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[i * classes + c]);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(beta * (logits[i * classes + c] - largest));
    sum += beta * (logits[i * classes + truth[i]] - largest) - Math.log(total);
  }
  return sum;
}

/**
 * Whether probabilities are to be divided by a temperature: where its interval excludes 1. A temperature from few patients makes
 * probabilities that were right worse nearly always. One without an interval, in files of before, was applied.
 */
export function temperatureApplies(temperature: Metric): boolean {
  if (temperature.value === null) return false;
  const { low, high } = temperature;
  return low === undefined || high === undefined || low > 1 || high < 1;
}

function everyHighestIsRight(logits: ArrayLike<number>, truth: ArrayLike<number>, classes: number): boolean {
  return Array.from(truth).every((label, i) => {
    for (let c = 0; c < classes; c++) if (logits[i * classes + c] > logits[i * classes + label]) return false;
    return true;
  });
}

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

/** Patients whose predicted probability falls into one bin, and the share of them for whom the prediction came true. */
export interface ReliabilityBin {
  /** The bin is (from, to]; the first one holds 0 as well. */
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Mean predicted probability. */
  readonly predicted: number;
  /** Share for whom it came true, with Wilson's 95 % interval. */
  readonly observed: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Reliability curve: `probability` [n] in `bins` bins of equal width against `outcome` [n] (1 or true where it came true). Bins
 * without patients are left out. Throws a RangeError where a probability is not within 0 and 1.
 */
export function reliabilityCurve(
  probability: ArrayLike<number>,
  outcome: ArrayLike<number | boolean>,
  bins: number,
): ReliabilityBin[] {
  requireNumbers(outcome.length, { probability, outcome });
  const count = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const came = new Float64Array(bins);
  for (let i = 0; i < outcome.length; i++) {
    const p = probability[i];
    if (!(p >= 0 && p <= 1)) throw new RangeError(`probability[${i}] is ${p}`);
    const bin = binOf(p, bins);
    count[bin]++;
    predicted[bin] += p;
    if (outcome[i]) came[bin]++;
  }
  return Array.from(count, (n, bin) => ({ n, bin }))
    .filter(({ n }) => n > 0)
    .map(({ n, bin }) => {
      const [low, high] = wilsonInterval(came[bin], n);
      return {
        from: bin / bins,
        to: (bin + 1) / bins,
        n,
        predicted: predicted[bin] / n,
        observed: came[bin] / n,
        low,
        high,
      };
    });
}

const binOf = (p: number, bins: number) => Math.max(Math.ceil(p * bins) - 1, 0);

/**
 * Expected calibration error of the predicted class (Naeini et al. 2015; Guo et al. 2017): the mean distance between the
 * probability given to the predicted class and the share of right predictions, over bins of equal width, weighted by their
 * patients. Chance makes it positive for a perfectly calibrated model too; the note says by about how much here, from the
 * normal approximation `Σ_bins √(2/π·Σ p(1−p))/n`. `probabilities` [n, classes], `truth` [n]. Refused for nobody. Throws a
 * RangeError on NaN, wrong sizes or unknown classes.
 */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
  bins = 10,
): Metric {
  const name = 'expectedCalibrationError';
  const n = truth.length;
  requireNumbers(n * classes, { probabilities });
  requireClasses(truth, classes);
  if (n === 0) return refuse(name, 'there are no patients');
  const predicted = predictedClasses(probabilities, classes);
  const confidence = Float64Array.from(predicted, (c, i) => probabilities[i * classes + c]);
  const curve = reliabilityCurve(
    confidence,
    predicted.map((c, i) => (c === truth[i] ? 1 : 0)),
    bins,
  );
  const distance = curve.reduce((sum, bin) => sum + bin.n * Math.abs(bin.predicted - bin.observed), 0);
  const variance = new Float64Array(bins); // of the number of right predictions in each bin, were they calibrated
  for (const p of confidence) variance[binOf(p, bins)] += p * (1 - p);
  const byChance = variance.reduce((sum, v) => sum + Math.sqrt((2 / Math.PI) * v), 0);
  return {
    name,
    value: distance / n,
    estimator: `mean |confidence − accuracy| over ${curve.length} of ${bins} bins of equal width`,
    ties: 'the first of equal maxima is the prediction',
    n,
    note: `a perfectly calibrated model would have about ${(byChance / n).toFixed(3)} on as many patients`,
  };
}
