import { quantile } from './arrays.js';
import {
  bootstrapDraws,
  membersOf,
  RESAMPLES,
  type Estimate,
  type Evaluate,
  type Metric,
  type Share,
  type Sides,
  type Strata,
} from './bootstrap.js';
import { normalQuantile, normalShare, wilsonInterval, Z } from './distributions.js';
import { jackknife, type Jackknife } from './jackknife.js';

/** Beyond this share of resamples that cannot compute a metric, its interval would describe other data. */
const REFUSED_SHARE_LIMIT = 0.05;

type Interval = readonly [low: number, high: number];

/**
 * Metrics on all patients with 95 % intervals, each by the rule of its kind:
 *
 * - shares of patients, and means of them over groups: Wilson's score ({@link sharesInterval});
 * - areas under a curve and concordance indices: on the logit scale from a jackknife standard error ({@link areaInterval});
 * - all others, and differences: bias-corrected and accelerated bootstrap ({@link bcaInterval}).
 *
 * Patients are left out and drawn within their strata. A metric that cannot be computed on more than 5 % of the resamples has no
 * interval, nor has one of which all resamples give the same value, or where a patient is the only one of a stratum.
 */
export function withIntervals(evaluate: Evaluate, strata: Strata, seed: number, resamples = RESAMPLES): Metric[] {
  const members = membersOf(strata);
  const total = members.reduce((sum, own) => sum + own.length, 0);
  const metrics = evaluate(Uint32Array.from({ length: total }, (_, i) => i));
  const wanted = metrics.map(ruleOf);
  const alone = members.some((own) => own.length < 2);
  const drawn = wanted.includes('bca') && !alone;
  const spread = wanted.includes('area') || drawn ? jackknife(evaluate, strata) : [];
  const draws = drawn ? bootstrapDraws(evaluate, strata, seed, resamples) : [];
  return metrics.map((metric, m) => {
    if (metric.value === null) return metric;
    if (metric.n < 2) return { ...metric, noInterval: 'one patient has no spread' };
    if (metric.shares) return withShares(metric, metric.shares);
    if (metric.sides) return withArea(metric, metric.sides, spread[m]);
    if (alone) return { ...metric, noInterval: ALONE };
    return withBca(metric, draws[m], spread[m], resamples);
  });
}

const ALONE = 'a class, or a class of a fold, has a single patient, in whose place no other can be drawn';

type Rule = 'shares' | 'area' | 'bca' | 'none';

function ruleOf(metric: Metric): Rule {
  if (metric.value === null || metric.n < 2) return 'none';
  if (metric.shares) return 'shares';
  return metric.sides ? 'area' : 'bca';
}

function withShares(metric: Estimate, shares: readonly Share[]): Metric {
  const [low, high] = sharesInterval(metric.value, shares);
  const interval = shares.length === 1 ? "Wilson's score" : "Wilson's score of each class, combined (MOVER)";
  return { ...metric, low, high, interval };
}

function withArea(metric: Estimate, sides: Sides, spread: Jackknife | null): Metric {
  if (!spread) return { ...metric, noInterval: 'without one of the patients it cannot be computed' };
  const [low, high] = areaInterval(metric.value, spread.standardError, sides);
  return { ...metric, low, high, interval: 'logit scale, jackknife standard error' };
}

function withBca(metric: Estimate, draws: readonly number[], spread: Jackknife | null, resamples: number): Metric {
  const refusedResamples = resamples - draws.length;
  const counted = { ...metric, resamples, refusedResamples };
  if (refusedResamples > REFUSED_SHARE_LIMIT * resamples)
    return { ...counted, noInterval: `${refusedResamples} of ${resamples} resamples cannot compute it` };
  const sorted = Float64Array.from(draws).sort();
  if (sorted[0] === sorted[sorted.length - 1])
    return { ...counted, noInterval: 'all resamples give the same value, which says nothing of its spread' };
  const [low, high] = bcaInterval(metric.value, sorted, spread?.acceleration ?? 0);
  return { ...counted, low, high, interval: 'BCa bootstrap' };
}

/**
 * Interval of a mean of independent shares, by the method of variance estimates recovery (Zou & Donner 2008) from Wilson's interval
 * [l, u] of each of K shares p: `value − √Σ(p − l)²/K` to `value + √Σ(u − p)²/K`. Of one share it is Wilson's. Shares of nobody are
 * left out.
 */
export function sharesInterval(value: number, shares: readonly Share[]): Interval {
  let below = 0;
  let above = 0;
  const known = shares.filter(({ of }) => of > 0);
  for (const { right, of } of known) {
    const p = right / of;
    const [low, high] = wilsonInterval(right, of);
    below += (p - low) ** 2;
    above += (high - p) ** 2;
  }
  const K = known.length;
  return [Math.max(0, value - Math.sqrt(below) / K), Math.min(1, value + Math.sqrt(above) / K)];
}

/**
 * Interval of an area under a ROC curve or a concordance index on the logit scale, where it cannot leave [0, 1]. Near 1 a standard error
 * of few cases is far too small, and at 1 it is 0. So the value counts one more pair, half won, `q = (value·mk + ½)/(mk + 1)`, and the
 * variance takes in that of Hanley & McNeil (1982) at q, as if `borrowed` more cases had it: an area needs 4, a concordance index, whose
 * cases are others' opponents too, 1. Coverage is shown by simulation in the documents.
 * @param standardError by the jackknife
 */
export function areaInterval(value: number, standardError: number, { cases, others, borrowed }: Sides): Interval {
  const pairs = cases * others;
  const q = (value * pairs + 0.5) / (pairs + 1);
  const weight = Math.min(cases, others);
  const known = hanleyMcNeil(q, cases, others);
  const variance = (weight * standardError ** 2 + borrowed * known) / (weight + borrowed);
  const half = (Z * Math.sqrt(variance)) / (q * (1 - q));
  const centre = Math.log(q / (1 - q));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  return [Math.min(value, back(centre - half)), Math.max(value, back(centre + half))];
}

/** `A(1−A)·(1 + ((m+k)/2 − 1)·((1−A)/(2−A) + A/(1+A)))/(mk)`: their variance of an area A, with both group sizes averaged (Newcombe 2006). */
function hanleyMcNeil(area: number, cases: number, others: number): number {
  const alike = (1 - area) / (2 - area) + area / (1 + area);
  return (area * (1 - area) * (1 + ((cases + others) / 2 - 1) * alike)) / (cases * others);
}

/**
 * Bias-corrected and accelerated bootstrap interval (Efron 1987): the quantiles of the draws at `Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z)))`, z₀
 * the normal quantile of the share of draws below the value, ties counting half.
 * @param sorted draws, ascending
 */
export function bcaInterval(value: number, sorted: Float64Array, acceleration: number): Interval {
  let below = 0;
  for (const draw of sorted) below += draw < value ? 1 : draw === value ? 0.5 : 0;
  const B = sorted.length;
  const bias = normalQuantile(Math.min(Math.max(below / B, 1 / (B + 1)), B / (B + 1)));
  const at = (z: number) => {
    const shifted = bias + z;
    const stretch = Math.max(1 - acceleration * shifted, 0.1); // it may not turn over
    return quantile(sorted, normalShare(bias + shifted / stretch));
  };
  return [at(-Z), at(Z)];
}
