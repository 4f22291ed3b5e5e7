import { countEvents, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { Z } from './distributions.js';
import { kaplanMeier, survivalAt } from './kaplan-meier.js';

/** How probabilities of an outcome would have to be changed to be what they say (Cox 1958; Van Calster et al. 2016). */
export interface Recalibration {
  /** b of `logit P = a + b·logit p`: 1 is right, below 1 the probabilities are too extreme. */
  readonly slope: Metric;
  /** a of `logit P = a + logit p`: 0 is right, above 0 the probabilities are too low on average. */
  readonly intercept: Metric;
  /** Outcomes seen over the sum of the probabilities: 1 is right. */
  readonly observedExpected: Metric;
}

/** Outcomes, and others, that there must be: two coefficients of fewer are chance. */
export const FEWEST_OUTCOMES = 10;
/** Probabilities nearer to 0 or 1 are taken as this: their logits have to be finite. */
const NEAREST = 1e-6;
const MOST_STEPS = 50;

/**
 * Calibration slope and intercept with Wald's 95 % intervals, and observed over expected outcomes with that of its logarithm,
 * `exp(±z·√((1 − share)/observed))`. `probability` and `outcome` (1 or true) are [n]. Refused with fewer than 10 patients with the
 * outcome, or without it; slope and intercept also where the probabilities tell both apart. Throws a RangeError on NaN or unequal lengths.
 */
export function recalibration(probability: ArrayLike<number>, outcome: ArrayLike<number | boolean>): Recalibration {
  const n = outcome.length;
  requireNumbers(n, { probability, outcome });
  const observed = countEvents(outcome);
  const fewest = Math.min(observed, n - observed);
  if (fewest < FEWEST_OUTCOMES) {
    const reason = `${observed} of ${n} patients with the outcome; ${FEWEST_OUTCOMES} with it and ${FEWEST_OUTCOMES} without it are needed`;
    return {
      slope: refuse('calibrationSlope', reason),
      intercept: refuse('calibrationIntercept', reason),
      observedExpected: refuse('observedExpected', reason),
    };
  }
  const logit = Float64Array.from(probability, (p) => {
    const kept = Math.min(Math.max(p, NEAREST), 1 - NEAREST);
    return Math.log(kept / (1 - kept));
  });
  const expected = Array.from(probability).reduce((sum, p) => sum + p, 0);
  const half = Z * Math.sqrt((1 - observed / n) / observed);
  const about = { ties: 'none', n };
  return {
    slope: coefficient('calibrationSlope', 'logistic regression on the logit', fitLogistic(logit, outcome, true), n),
    intercept: coefficient(
      'calibrationIntercept',
      'logistic regression, the logit as offset',
      fitLogistic(logit, outcome, false),
      n,
    ),
    observedExpected: {
      name: 'observedExpected',
      value: observed / expected,
      estimator: 'outcomes seen over the sum of the probabilities',
      ...about,
      low: (observed / expected) * Math.exp(-half),
      high: (observed / expected) * Math.exp(half),
      interval: 'log scale, binomial',
    },
  };
}

function coefficient(name: string, estimator: string, fit: Fit | undefined, n: number): Metric {
  if (!fit) return refuse(name, 'the probabilities tell those with the outcome from all others');
  const { value, standardError } = fit;
  return {
    name,
    value,
    estimator,
    ties: 'none',
    n,
    low: value - Z * standardError,
    high: value + Z * standardError,
    interval: 'Wald',
  };
}

interface Fit {
  readonly value: number;
  readonly standardError: number;
}

/**
 * The slope of `logit P = a + b·x`, or the intercept of `logit P = a + x`, by Newton's method; undefined where the likelihood has no
 * maximum.
 */
function fitLogistic(x: Float64Array, outcome: Events, withSlope: boolean): Fit | undefined {
  let a = 0;
  let b = 1;
  for (let step = 0; step < MOST_STEPS; step++) {
    const sums = { residual: 0, residualX: 0, weight: 0, weightX: 0, weightXX: 0 };
    x.forEach((value, i) => {
      const p = 1 / (1 + Math.exp(-(a + b * value)));
      const [residual, weight] = [Number(outcome[i]) - p, p * (1 - p)];
      sums.residual += residual;
      sums.residualX += residual * value;
      sums.weight += weight;
      sums.weightX += weight * value;
      sums.weightXX += weight * value * value;
    });
    const determinant = sums.weight * sums.weightXX - sums.weightX ** 2;
    const [stepA, stepB] = withSlope
      ? [
          (sums.weightXX * sums.residual - sums.weightX * sums.residualX) / determinant,
          (sums.weight * sums.residualX - sums.weightX * sums.residual) / determinant,
        ]
      : [sums.residual / sums.weight, 0];
    if (!Number.isFinite(stepA + stepB) || Math.abs(b + stepB) > LARGEST) return undefined;
    a += stepA;
    b += stepB;
    if (Math.abs(stepA) + Math.abs(stepB) > SMALLEST_STEP) continue;
    return withSlope
      ? { value: b, standardError: Math.sqrt(sums.weight / determinant) }
      : { value: a, standardError: Math.sqrt(1 / sums.weight) };
  }
  return undefined;
}

const SMALLEST_STEP = 1e-10;
/** A steeper slope grows without end. */
const LARGEST = 1e3;

/**
 * Deaths seen by `horizon`, the Kaplan-Meier estimate, over the mean predicted probability to die by it, from predicted survival [n]: 1 is
 * right. The interval is that of the Kaplan-Meier estimate. Refused where the follow-up ends before the horizon, or nobody dies by it.
 * Throws a RangeError on NaN or unequal lengths.
 */
export function survivalObservedExpected(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  horizon: number,
): Metric {
  const name = 'observedExpected';
  const n = time.length;
  requireNumbers(n, { time, event, survival });
  const alive = survivalAt(kaplanMeier(time, event), horizon);
  if (alive.value === null) return refuse(name, alive.reason);
  if (alive.value === 1) return refuse(name, `nobody dies by ${horizon}`);
  const expected = 1 - Array.from(survival).reduce((sum, s) => sum + s, 0) / n;
  if (expected === 0) return refuse(name, `the model expects no death by ${horizon}`);
  const { low, high, noInterval } = alive;
  return {
    name,
    value: (1 - alive.value) / expected,
    estimator: `deaths by ${horizon}, Kaplan-Meier over predicted`,
    ties: 'deaths before censorings at one time',
    n,
    events: countEvents(event),
    ...(low === undefined || high === undefined
      ? { noInterval: noInterval ?? 'no interval' }
      : { low: (1 - high) / expected, high: (1 - low) / expected, interval: 'that of the Kaplan-Meier estimate' }),
  };
}
