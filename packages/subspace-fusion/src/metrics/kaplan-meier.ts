import { ascendingOrder, countEvents, quantile, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { chiSquareTail, Z } from './distributions.js';

/** A Kaplan-Meier curve: one row for each distinct time of the sample, whether of death or of censoring. */
export interface KaplanMeier {
  readonly times: Float64Array;
  /** Patients under observation just before the time. */
  readonly atRisk: Float64Array;
  /** Deaths at the time; at one time, deaths come before censorings. */
  readonly events: Float64Array;
  /** Estimated share of patients alive after the time. */
  readonly survival: Float64Array;
  /** Greenwood's standard error of the survival; NaN where the survival is 0. */
  readonly standardError: Float64Array;
  /** 95 % interval on the log(−log) scale; 1 before the first death, NaN where the survival is 0. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly n: number;
}

/**
 * Kaplan-Meier estimate `S(t) = Π (1 − d/r)` over the times up to t, d deaths of r at risk, with Greenwood's variance
 * `S²·Σ d/(r(r−d))`. Arrays are [n], one element a patient. Throws a RangeError on unequal lengths or NaN.
 */
export function kaplanMeier(time: ArrayLike<number>, event: Events): KaplanMeier {
  const n = time.length;
  requireNumbers(n, { time, event });
  const order = ascendingOrder(time);
  const distinct = new Set(Array.from(time)).size;
  const column = () => new Float64Array(distinct);
  const curve = {
    times: column(),
    atRisk: column(),
    events: column(),
    survival: column(),
    standardError: column(),
    low: column(),
    high: column(),
    n,
  };
  let survival = 1;
  let variance = 0; // of log S
  for (let start = 0, end = 0, row = 0; start < n; start = end, row++) {
    const atRisk = n - start;
    let deaths = 0;
    while (end < n && time[order[end]] === time[order[start]]) if (event[order[end++]]) deaths++;
    if (deaths > 0) {
      survival *= 1 - deaths / atRisk;
      variance += deaths / (atRisk * (atRisk - deaths));
    }
    curve.times[row] = time[order[start]];
    curve.atRisk[row] = atRisk;
    curve.events[row] = deaths;
    curve.survival[row] = survival;
    curve.standardError[row] = survival * Math.sqrt(variance);
    [curve.low[row], curve.high[row]] = logLogInterval(survival, variance);
  }
  return curve;
}

/** `S^exp(±z·√variance / log S)`, the interval of log(−log S) carried back; `variance` is that of log S. */
function logLogInterval(survival: number, variance: number): [low: number, high: number] {
  if (survival === 1) return [1, 1];
  if (survival === 0) return [NaN, NaN];
  const spread = Math.exp((Z * Math.sqrt(variance)) / -Math.log(survival));
  return [survival ** spread, survival ** (1 / spread)];
}

/** Survival at time t. Refused after the last follow-up, unless nobody is left alive. */
export function survivalAt(curve: KaplanMeier, t: number): Metric {
  const name = 'survival';
  if (curve.n === 0) return refuse(name, 'there are no patients');
  const last = curve.times.length - 1;
  if (t > curve.times[last] && curve.survival[last] > 0)
    return refuse(name, `the last follow-up ends at ${curve.times[last]}`);
  const row = curve.times.findLastIndex((time) => time <= t);
  if (row < 0) return { name, value: 1, ...provenance(curve), low: 1, high: 1 };
  const estimate = { name, value: curve.survival[row], ...provenance(curve) };
  if (estimate.value === 0) return { ...estimate, noInterval: 'nobody is left alive' };
  return { ...estimate, low: curve.low[row], high: curve.high[row] };
}

/**
 * Median survival: the first time at which the survival is at most 1/2, with the 95 % interval of the times at which 1/2 lies in that of
 * the curve (Brookmeyer & Crowley 1982, log(−log) scale). Refused where the survival never falls so far.
 */
export function medianSurvival(curve: KaplanMeier): Metric {
  const name = 'medianSurvival';
  if (curve.n === 0) return refuse(name, 'there are no patients');
  const row = curve.survival.findIndex((survival) => survival <= 0.5 + 1e-12); // a product that is 1/2 but for rounding
  if (row < 0) return refuse(name, 'more than half of the patients survive the last follow-up');
  const estimate = { name, value: curve.times[row], ...provenance(curve) };
  const from = curve.low.findIndex((low) => low <= 0.5);
  const to = curve.high.findIndex((high) => high <= 0.5);
  if (from < 0 || to < 0)
    return {
      ...estimate,
      noInterval: `${from < 0 ? '' : `from ${curve.times[from]}; `}its upper limit lies beyond the last death`,
    };
  return { ...estimate, low: curve.times[from], high: curve.times[to], interval: 'Brookmeyer and Crowley' };
}

function provenance(curve: KaplanMeier) {
  const events = curve.events.reduce((sum, deaths) => sum + deaths, 0);
  return { estimator: 'Kaplan-Meier', ties: 'deaths before censorings at one time', n: curve.n, events };
}

/** Patients still under observation just before each of the given times. */
export function numbersAtRisk(curve: KaplanMeier, times: ArrayLike<number>): number[] {
  return Array.from(times, (t) => {
    const row = curve.times.findIndex((time) => time >= t);
    return row < 0 ? 0 : curve.atRisk[row];
  });
}

/** The cut between low and high risk: the median risk of the training patients, never of those it is applied to. */
export function riskCut(trainingRisks: ArrayLike<number>): number {
  return quantile(trainingRisks, 0.5);
}

/** 1 (high risk) where the risk lies above the cut, otherwise 0 (low risk). */
export function riskGroups(risks: ArrayLike<number>, cut: number): Uint8Array {
  return Uint8Array.from(risks, (risk) => (risk > cut ? 1 : 0));
}

/** Log-rank test that the survival of all groups is the same. */
export interface LogRank {
  /** The group labels of the sample in ascending order; `observed` and `expected` follow it. */
  readonly groups: readonly number[];
  /** Deaths of each group, [k]. */
  readonly observed: Float64Array;
  /** Deaths each group would have if survival were the same, [k]. */
  readonly expected: Float64Array;
  readonly degreesOfFreedom: number;
  readonly chiSquare: Metric;
  readonly pValue: Metric;
}

/**
 * The log-rank test of k groups, weight 1 at each death time (Mantel 1966; ties by the hypergeometric variance).
 * `group` holds a number for each patient, any labels. A group that is not at risk at any death takes no
 * part in the statistic. Refused where fewer than two groups do, or where the deaths leave no chance to differ.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function logRank(time: ArrayLike<number>, event: Events, group: ArrayLike<number>): LogRank {
  const n = time.length;
  requireNumbers(n, { time, event, group });
  const groups = [...new Set(Array.from(group))].sort((a, b) => a - b);
  const k = groups.length;
  const groupOf = Array.from(group, (label) => groups.indexOf(label));
  const observed = new Float64Array(k);
  const expected = new Float64Array(k);
  const covariance = new Float64Array(k * k); // of observed − expected
  const atRisk = new Float64Array(k);
  for (const g of groupOf) atRisk[g]++;

  const order = ascendingOrder(time);
  for (let start = 0, end = 0; start < n; start = end) {
    let deaths = 0;
    while (end < n && time[order[end]] === time[order[start]]) {
      if (event[order[end]]) {
        deaths++;
        observed[groupOf[order[end]]]++;
      }
      end++;
    }
    if (deaths > 0) addDeathTime(expected, covariance, atRisk, deaths);
    for (let p = start; p < end; p++) atRisk[groupOf[order[p]]]--;
  }

  const compared = groups.map((_, g) => g).filter((g) => expected[g] > 0);
  const degreesOfFreedom = Math.max(compared.length - 1, 0);
  const result = { groups, observed, expected, degreesOfFreedom };
  if (compared.length < 2)
    return { ...result, ...refused(`${compared.length} of ${k} groups are at risk at a death, two are needed`) };
  const value = quadraticForm(compared.slice(1), observed, expected, covariance);
  if (value === null) return { ...result, ...refused('everybody at risk dies at once, which tells no groups apart') };
  const about = {
    estimator: `log-rank test, ${degreesOfFreedom} df`,
    ties: 'hypergeometric variance',
    n,
    events: countEvents(event),
  };
  return {
    ...result,
    chiSquare: { name: 'logRankChiSquare', value, ...about },
    pValue: { name: 'logRankP', value: chiSquareTail(value, degreesOfFreedom), ...about },
  };
}

function refused(reason: string) {
  return { chiSquare: refuse('logRankChiSquare', reason), pValue: refuse('logRankP', reason) };
}

/**
 * One death time with d deaths, `r_g` at risk in group g and r in all: `E_g += d·r_g/r` and
 * `V_gh += d·(r−d)/(r−1) · (r_g/r)·(δ_gh − r_h/r)`.
 */
function addDeathTime(expected: Float64Array, covariance: Float64Array, atRisk: Float64Array, deaths: number): void {
  const k = atRisk.length;
  const all = atRisk.reduce((sum, r) => sum + r, 0);
  const spread = all > 1 ? (deaths * (all - deaths)) / (all - 1) : 0;
  for (let g = 0; g < k; g++) {
    const share = atRisk[g] / all;
    expected[g] += deaths * share;
    for (let h = 0; h < k; h++) covariance[g * k + h] += spread * share * ((g === h ? 1 : 0) - atRisk[h] / all);
  }
}

/**
 * `(O−E)ᵀ V⁻¹ (O−E)` over the groups `kept` (all compared groups but one, since the differences sum to 0), by Gaussian
 * elimination without pivoting: V is positive definite there, or all zero, which returns null.
 */
function quadraticForm(
  kept: readonly number[],
  observed: Float64Array,
  expected: Float64Array,
  covariance: Float64Array,
) {
  const k = observed.length;
  const difference = kept.map((g) => observed[g] - expected[g]);
  const v = kept.map((g) => kept.map((h) => covariance[g * k + h]));
  let sum = 0;
  for (let pivot = 0; pivot < kept.length; pivot++) {
    if (!(v[pivot][pivot] > 0)) return null;
    sum += difference[pivot] ** 2 / v[pivot][pivot];
    for (let row = pivot + 1; row < kept.length; row++) {
      const factor = v[row][pivot] / v[pivot][pivot];
      difference[row] -= factor * difference[pivot];
      for (let column = pivot; column < kept.length; column++) v[row][column] -= factor * v[pivot][column];
    }
  }
  return sum;
}
