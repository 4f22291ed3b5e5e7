import { countEvents, countLeading, requireNumbers, type Events } from './arrays.js';
import { followedUntil, refuseWeights, type CensoringSurvival } from './censoring.js';
import { TIED_TOLERANCE } from './concordance.js';
import { kaplanMeier } from './kaplan-meier.js';
import { refuse, type Metric } from './metric.js';

const TIES = 'risks within 1e-8 count 1/2; a death at t is a case, a censoring at t counts for neither side';

/**
 * Cumulative/dynamic area under the ROC curve at time t (Uno et al. 2007; Hung & Chiang 2010): the probability that a patient
 * who dies by t has a higher `risk` than one who lives beyond t. Patients censored by t count through the weights of the dead:
 *
 *     AUC(t) = Σ_i Σ_j w_i·[X_j > t]·([r_i > r_j] + [r_i = r_j]/2)  /  (Σ_i w_i · Σ_j [X_j > t]),   w_i = [X_i ≤ t]·δ_i/G(X_i−)
 *
 * `time`, `event`, `risk` are [n]; `censoring` is that of the training patients. As in timeROC, G is taken just before a death;
 * scikit-survival takes it at the death, which differs only where a training patient is censored at that very time. Refused
 * where nobody dies by t, nobody is followed beyond t, or G(t−) is 0. Throws a RangeError on unequal lengths or NaN.
 */
export function dynamicAuc(
  time: ArrayLike<number>,
  event: Events,
  risk: ArrayLike<number>,
  t: number,
  censoring: CensoringSurvival,
): Metric {
  const name = `dynamicAuc[${t}]`;
  const n = time.length;
  requireNumbers(n, { time, event, risk });
  const survivors = Float64Array.from(Array.from(risk).filter((_, i) => time[i] > t)).sort();
  let cases = 0;
  let weights = 0;
  let won = 0;
  for (let i = 0; i < n; i++) {
    if (!event[i] || time[i] > t) continue;
    const weight = 1 / followedUntil(censoring, time[i]);
    const lower = countLeading(survivors, (r) => risk[i] - r > TIED_TOLERANCE);
    const notHigher = countLeading(survivors, (r) => !(r - risk[i] > TIED_TOLERANCE));
    cases++;
    weights += weight;
    won += (weight * (lower + notHigher)) / 2;
  }
  if (cases === 0) return refuse(name, `nobody dies by ${t}`);
  if (survivors.length === 0) return refuse(name, `nobody is followed beyond ${t}`);
  if (followedUntil(censoring, t) === 0) return refuseWeights(name, censoring, t);
  return {
    name,
    value: won / (weights * survivors.length),
    estimator: `cumulative/dynamic ROC area, censoring estimated on ${censoring.n} training patients`,
    ties: TIES,
    n,
    events: cases,
    comparablePairs: cases * survivors.length,
  };
}

/**
 * Mean of AUC(t) over `times` (ascending), each weighted by the share of the patients who die between the time before it and it
 * (Lambert & Chevret 2016, on a grid as in scikit-survival): `Σ_k AUC(t_k)·(S(t_{k−1}) − S(t_k)) / (1 − S(t_last))`, S the
 * Kaplan-Meier estimate on these patients, S(t_0) = 1. Refused where an area is.
 */
export function meanDynamicAuc(
  time: ArrayLike<number>,
  event: Events,
  risk: ArrayLike<number>,
  times: readonly number[],
  censoring: CensoringSurvival,
): Metric {
  const name = 'meanDynamicAuc';
  if (times.length === 0) return refuse(name, 'there are no times');
  const curve = kaplanMeier(time, event);
  let alive = 1;
  let sum = 0;
  for (const t of times) {
    const area = dynamicAuc(time, event, risk, t, censoring);
    if (area.value === null) return refuse(name, `at ${t}: ${area.reason}`);
    const aliveNow = curve.survival[countLeading(curve.times, (known) => known <= t) - 1];
    sum += area.value * (alive - aliveNow);
    alive = aliveNow;
  }
  return {
    name,
    value: sum / (1 - alive),
    estimator: `mean cumulative/dynamic ROC area at ${times.join(', ')}, weighted by the deaths up to each`,
    ties: TIES,
    n: time.length,
    events: countEvents(event),
  };
}
