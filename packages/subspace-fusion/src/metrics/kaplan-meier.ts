import { ascendingOrder, quantile, requireNumbers, type Events } from './arrays.js';
import { Z } from './distributions.js';
import { refuse, type Metric } from './metric.js';

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

/** Median survival: the first time at which the survival is at most 1/2. Refused where it never is. */
export function medianSurvival(curve: KaplanMeier): Metric {
  const name = 'medianSurvival';
  if (curve.n === 0) return refuse(name, 'there are no patients');
  const row = curve.survival.findIndex((survival) => survival <= 0.5 + 1e-12); // a product that is 1/2 but for rounding
  if (row < 0) return refuse(name, 'more than half of the patients survive the last follow-up');
  return { name, value: curve.times[row], ...provenance(curve) };
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
