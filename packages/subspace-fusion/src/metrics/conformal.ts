import { requireClasses, requireNumbers } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { betaQuantile, logBeta, wilsonInterval } from './distributions.js';

/**
 * Split-conformal threshold of nonconformity scores (Vovk et al. 2005; Lei et al. 2018): the ⌈(n+1)(1−α)⌉-th smallest score of
 * n patients who neither trained, selected nor calibrated the model. A further patient of the same kind has a score at or below
 * it with probability at least 1−α, whatever the model. Refused where n < 1/α − 1: no finite threshold keeps the promise.
 */
export function conformalThreshold(scores: ArrayLike<number>, alpha: number, name = 'conformalThreshold'): Metric {
  const n = scores.length;
  requireNumbers(n, { scores });
  const rank = conformalRank(n, alpha);
  const needed = Math.ceil(1 / alpha - 1 - ROUNDING);
  if (rank > n) return refuse(name, `${n} calibration patients; a coverage of ${percent(1 - alpha)} needs ${needed}`);
  const value = Float64Array.from(scores).sort()[rank - 1];
  const estimator = `split-conformal quantile for ${percent(1 - alpha)} coverage, score ${rank} of ${n}`;
  return { name, value, estimator, ties: 'a score at the threshold is inside', n };
}

/**
 * One threshold for each class from its own calibration patients (Mondrian conformal prediction, Vovk 2012), so that every
 * class is covered with probability 1−α and a rare one does not pay for a common one. The score is `1 − p_truth` (LAC, Sadinle,
 * Lei & Wasserman 2019). `probabilities` [n, classes], `truth` [n]. A class with too few patients is refused. Throws a
 * RangeError on NaN, wrong sizes or unknown classes.
 */
export function classThresholds(
  probabilities: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
  alpha: number,
): Metric[] {
  requireNumbers(truth.length * classes, { probabilities });
  requireClasses(truth, classes);
  const scores: number[][] = Array.from({ length: classes }, () => []);
  for (let i = 0; i < truth.length; i++) scores[truth[i]].push(1 - probabilities[i * classes + truth[i]]);
  return scores.map((own, c) => conformalThreshold(own, alpha, `conformalThreshold[${c}]`));
}

/**
 * The classes that one patient's probabilities [classes] do not rule out: those with `1 − p_c` at or below the class's
 * threshold. A class whose threshold is refused cannot be ruled out, so it is in every set. The set may hold all classes, or
 * none: a patient like no class.
 */
export function predictionSet(probabilities: ArrayLike<number>, thresholds: readonly Metric[]): number[] {
  return thresholds.map((_, c) => c).filter((c) => 1 - probabilities[c] <= (thresholds[c].value ?? Infinity));
}

/** The share of patients whose true class is in their set, with Wilson's 95 % interval. Refused for nobody. */
export function coverage(sets: readonly (readonly number[])[], truth: ArrayLike<number>): Metric {
  const name = 'coverage';
  const n = truth.length;
  if (n === 0) return refuse(name, 'there are no patients');
  const covered = sets.filter((set, i) => set.includes(truth[i])).length;
  const [low, high] = wilsonInterval(covered, n);
  return {
    name,
    value: covered / n,
    estimator: 'share of patients',
    ties: 'a score at the threshold is inside',
    n,
    low,
    high,
  };
}

/** What coverage to expect: its mean and the interval that holds 95 % of the calibration samples. */
export interface ExpectedCoverage {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Coverage of future patients, given `calibrators` patients of calibration: over calibration samples it is beta distributed
 * with parameters k and n + 1 − k, k = ⌈(n+1)(1−α)⌉, where scores have no ties (Vovk 2012; Angelopoulos & Bates 2023, section
 * 3.2). Null where n is too small for a threshold.
 */
export function expectedCoverage(calibrators: number, alpha: number): ExpectedCoverage | null {
  const k = conformalRank(calibrators, alpha);
  if (k > calibrators) return null;
  const l = calibrators + 1 - k;
  return { mean: k / (calibrators + 1), low: betaQuantile(0.025, k, l), high: betaQuantile(0.975, k, l) };
}

/**
 * The same for the coverage seen on `tested` patients, which is beta-binomial: chance in the test adds to chance in the
 * calibration. `low` and `high` are the shares at which 2.5 % lie below and above at most.
 */
export function expectedTestCoverage(calibrators: number, tested: number, alpha: number): ExpectedCoverage | null {
  const k = conformalRank(calibrators, alpha);
  if (k > calibrators || tested === 0) return null;
  const l = calibrators + 1 - k;
  let below = 0;
  let low = tested;
  let high = tested;
  let choose = 0; // log of the binomial coefficient
  for (let covered = 0; covered <= tested; covered++) {
    if (covered > 0) choose += Math.log((tested - covered + 1) / covered);
    below += Math.exp(choose + logBeta(covered + k, tested - covered + l) - logBeta(k, l)); // P(at most `covered`)
    if (below > 0.025) low = Math.min(low, covered);
    if (below >= 0.975) high = Math.min(high, covered);
  }
  return { mean: k / (calibrators + 1), low: low / tested, high: high / tested };
}

const ROUNDING = 1e-9; // (n+1)(1−α) and 1/α are whole numbers but for rounding where they should be

function conformalRank(n: number, alpha: number): number {
  return Math.ceil((n + 1) * (1 - alpha) - ROUNDING);
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}
