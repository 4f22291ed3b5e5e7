/**
 * How small a difference a row of docs/results.md could have shown: the interval, the standard error and the smallest true difference that
 * the test finds with a given power.
 */
import {
  logGamma,
  normalShare,
  studentQuantile,
  Z,
} from '../../packages/subspace-fusion/dist/metrics/distributions.js';
import { repeatedSplits } from '../../packages/subspace-fusion/dist/metrics/significance.js';
import type { Estimate } from './data.js';

/** Two-sided level of every test. */
export const LEVEL = 0.05;
/** That a detectable difference is found with. */
const POWER = 0.8;
/** The 80 % quantile of the standard normal distribution. */
const Z_POWER = 0.8416212335729143;

/** A mean difference over independent cohorts, or over the folds of one cohort. */
export interface TestedMean extends Estimate {
  readonly standardError: number;
  readonly df: number;
  /** Two-sided, of no difference; undefined where all differences are equal. */
  readonly p?: number;
}

/**
 * Student's test of differences of which none shares patients with another, or, with `shared`, the corrected resampled t-test of folds whose
 * training patients overlap (Nadeau & Bengio 2003): `SE² = (1/J + test/training)·s²` with J − 1 degrees of freedom.
 */
export function testedMean(
  differences: readonly number[],
  shared?: { readonly training: number; readonly test: number },
): TestedMean {
  const { mean, pValue } = repeatedSplits('difference', differences, shared?.training ?? 1, shared?.test ?? 0);
  if (mean.value === null || mean.low === undefined || mean.high === undefined)
    throw new RangeError('At least two differences are needed');
  const df = differences.length - 1;
  const standardError = (mean.high - mean.low) / 2 / studentQuantile(LEVEL, df);
  const { value, low, high } = mean;
  return { value, low, high, standardError, df, ...(pValue.value === null ? {} : { p: pValue.value }) };
}

/**
 * Power of the two-sided t-test at `level` for a true difference of `effect` standard errors: the share of the noncentral t distribution beyond
 * the threshold c, `∫ [Φ(effect − c·w) + Φ(−effect − c·w)]·f(w) dw`, f being the density of w = √(χ²/df), by Simpson's rule.
 */
export function power(effect: number, df: number, level: number): number {
  const threshold = studentQuantile(level, df);
  const logScale = Math.log(2) + (df / 2) * Math.log(df / 2) - logGamma(df / 2);
  const density = (w: number) => Math.exp(logScale - (df * w ** 2) / 2) * w ** (df - 1);
  const beyond = (w: number) => normalShare(effect - threshold * w) + normalShare(-effect - threshold * w);
  const steps = 600;
  const end = 1 + 10 / Math.sqrt(df);
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const w = (i / steps) * end;
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * beyond(w) * density(w);
  }
  return (sum * end) / (3 * steps);
}

/** The true difference that the t-test finds with a power of 80 %: the effect of `power` times the standard error. */
export function detectable({ standardError, df }: Pick<TestedMean, 'standardError' | 'df'>, level: number): number {
  const key = `${df} ${level}`;
  const effect = effects.get(key) ?? detectableEffect(df, level);
  effects.set(key, effect);
  return effect * standardError;
}

/** Rows of a table share degrees of freedom and level. */
const effects = new Map<string, number>();

/** In standard errors, by bisection. */
function detectableEffect(df: number, level: number): number {
  let low = 0;
  let high = 2 * studentQuantile(level, df) + 10;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (power(middle, df, level) < POWER) low = middle;
    else high = middle;
  }
  return high;
}

export const halfWidth = ({ low, high }: Estimate): number => (high - low) / 2;

/** The same of an interval by patient of fitted models: `(z₀.₉₇₅ + z₀.₈)·SE` with SE = half-width/z₀.₉₇₅. */
export const detectableOfFitted = (difference: Estimate): number => ((Z + Z_POWER) / Z) * halfWidth(difference);
