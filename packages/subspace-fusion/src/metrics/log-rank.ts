import { ascendingOrder, countEvents, requireNumbers, type Events } from './arrays.js';
import { chiSquareTail } from './distributions.js';
import { refuse, type Metric } from './metric.js';

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
