import { ascendingOrder, countEvents, countLeading, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric, type Refusal, type Sides } from './bootstrap.js';
import { AREA_BORROWS, rarest } from './classification.js';
import { comparablePairs, concordanceSides, PAIR_TIES, TIED_TOLERANCE } from './concordance.js';
import { kaplanMeier, type KaplanMeier } from './kaplan-meier.js';

/** The censoring survival G of the training patients: the share of them who would still be followed if nobody died. */
export interface CensoringSurvival {
  /** The distinct times at which a training patient is censored, ascending, [k]. */
  readonly times: Float64Array;
  /** G after each of them, [k]. */
  readonly survival: Float64Array;
  /** The longest follow-up; nothing is known of G after it. */
  readonly end: number;
  /** Training patients. */
  readonly n: number;
}

/**
 * Kaplan-Meier estimate of the censoring survival, `G(t) = Π (1 − c/(r − d))` over the times up to t: c censored, d dead of r at
 * risk. Deaths come before censorings at one time, as everywhere in this room, so those who die at t are no longer at risk of
 * being censored at t. Fit on training patients, it weights the patients of any other split (inverse probability of censoring,
 * Robins & Rotnitzky 1992). Arrays are [n]. Throws a RangeError on unequal lengths or NaN.
 */
export function censoringSurvival(time: ArrayLike<number>, event: Events): CensoringSurvival {
  const n = time.length;
  requireNumbers(n, { time, event });
  const order = ascendingOrder(time);
  const times: number[] = [];
  const survival: number[] = [];
  let g = 1;
  for (let start = 0, end = 0; start < n; start = end) {
    let deaths = 0;
    while (end < n && time[order[end]] === time[order[start]]) if (event[order[end++]]) deaths++;
    const censored = end - start - deaths;
    if (censored === 0) continue;
    g *= 1 - censored / (n - start - deaths);
    times.push(time[order[start]]);
    survival.push(g);
  }
  const end = n === 0 ? -Infinity : time[order[n - 1]];
  return { times: Float64Array.from(times), survival: Float64Array.from(survival), end, n };
}

/** `G(t−) = P(censored at t or later)`: the chance that a death at t is seen. 0 after the end of follow-up. */
export function followedUntil({ times, survival, end }: CensoringSurvival, t: number): number {
  if (t > end) return 0;
  const steps = countLeading(times, (time) => time < t);
  return steps === 0 ? 1 : survival[steps - 1];
}

/** `G(t) = P(censored after t)`: the chance that someone alive after t is seen to be. 0 after the end of follow-up. */
export function followedBeyond({ times, survival, end }: CensoringSurvival, t: number): number {
  if (t > end) return 0;
  const steps = countLeading(times, (time) => time <= t);
  return steps === 0 ? 1 : survival[steps - 1];
}

/** The refusal where G is 0 at t, so that no weight 1/G exists. */
export function refuseWeights(name: string, { end, n }: CensoringSurvival, t: number): Refusal {
  if (n === 0) return refuse(name, 'there are no training patients to estimate the censoring from');
  return refuse(
    name,
    `the censoring survival of the ${n} training patients is 0 at ${t}; their follow-up ends at ${end}`,
  );
}

/**
 * Uno's concordance of `risk` (higher is worse) with survival up to a fixed horizon τ (Uno et al. 2011): among pairs
 * of which one dies first, and before τ, the share in which that one has the higher risk, each pair weighted by the chance
 * to see it, so that the value does not depend on who happened to be censored:
 *
 *     C_τ = Σ_i δ_i·[X_i < τ]·(concordant_i + tied_i/2)/G(X_i−)²  /  Σ_i δ_i·[X_i < τ]·pairs_i/G(X_i−)²
 *
 * Deaths come before censorings at one time, as in Harrell's C: a patient censored at the moment of a death outlived it, and
 * the weight takes G just before the death. This is the convention of R's `survival::concordance(timewt = 'n/G2')`. scikit-survival
 * counts the same pairs with G(X_i), survAUC weights with G(X_i) and leaves the pair tied in time out; without a death and a
 * censoring at one time all three agree.
 *
 * `time`, `event`, `risk` are [n]; `censoring` is that of the training patients. Refused where no pair is comparable before τ, and
 * where G(τ−) is 0, whether or not anybody dies there, so that resamples of the patients do not differ in it.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function unoConcordance(
  time: ArrayLike<number>,
  event: Events,
  risk: ArrayLike<number>,
  horizon: number,
  censoring: CensoringSurvival,
): Metric {
  const name = 'unoConcordance';
  const { concordant, discordant, tiedRisk } = comparablePairs(time, event, risk);
  if (followedUntil(censoring, horizon) === 0) return refuseWeights(name, censoring, horizon);
  let agreeing = 0;
  let all = 0;
  let pairs = 0;
  let deaths = 0;
  for (let i = 0; i < time.length; i++) {
    if (!event[i] || time[i] >= horizon) continue;
    const weight = followedUntil(censoring, time[i]) ** -2;
    const ofDeath = concordant[i] + discordant[i] + tiedRisk[i];
    agreeing += weight * (concordant[i] + tiedRisk[i] / 2);
    all += weight * ofDeath;
    pairs += ofDeath;
    deaths++;
  }
  if (pairs === 0) {
    return refuse(
      name,
      `no comparable pair before ${horizon} among ${time.length} patients with ${countEvents(event)} deaths`,
    );
  }
  return {
    name,
    value: agreeing / all,
    estimator: `Uno's C up to ${horizon}, censoring estimated on ${censoring.n} training patients`,
    ties: PAIR_TIES,
    n: time.length,
    events: countEvents(event),
    comparablePairs: pairs,
    sides: concordanceSides(deaths, pairs),
  };
}

const BRIER_TIES = 'a patient who dies at t is dead at t; a censoring at t has no weight';

/**
 * Brier score at time t of predicted survival probabilities S(t|x) `[n]` (Graf et al. 1999), the mean squared distance
 * between prediction and being alive, patients censored by t replaced by the weights of the others:
 *
 *     BS(t) = 1/n Σ_i ( [X_i ≤ t, δ_i]·S(t|x_i)²/G(X_i−) + [X_i > t]·(1 − S(t|x_i))²/G(t) )
 *
 * 0 is best; predicting 1/2 for everybody scores about 0.25. `censoring` is that of the training patients; as in R's pec and
 * riskRegression, G is taken just before a death. Refused where there are no patients or G(t) is 0.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function survivalBrier(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  t: number,
  censoring: CensoringSurvival,
): Metric {
  const name = `survivalBrier[${t}]`;
  const n = time.length;
  requireNumbers(n, { time, event, survival });
  if (n === 0) return refuse(name, 'there are no patients');
  const gAtT = followedBeyond(censoring, t);
  if (gAtT === 0) return refuseWeights(name, censoring, t);
  let sum = 0;
  let events = 0;
  for (let i = 0; i < n; i++) {
    if (time[i] > t) sum += (1 - survival[i]) ** 2 / gAtT;
    else if (event[i]) {
      sum += survival[i] ** 2 / followedUntil(censoring, time[i]);
      events++;
    }
  }
  const estimator = `Brier score at ${t}, censoring estimated on ${censoring.n} training patients`;
  return { name, value: sum / n, estimator, ties: BRIER_TIES, n, events };
}

/**
 * Integrated Brier score: the mean of BS(t) from the first to the last of `times` (two or more, ascending), by the trapezoidal
 * rule. `survival` is [n, times]. Refused where a score is.
 */
export function integratedBrier(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  times: readonly number[],
  censoring: CensoringSurvival,
): Metric {
  const name = 'integratedBrier';
  const n = time.length;
  const width = times.length;
  requireNumbers(n * width, { survival });
  if (width < 2) return refuse(name, 'an integral needs two times');
  if (n === 0) return refuse(name, 'there are no patients');
  for (const t of times) if (followedBeyond(censoring, t) === 0) return refuseWeights(name, censoring, t);
  const sum = brierTerms(time, event, survival, times, censoring).reduce((all, term) => all + term, 0);
  const [first, last] = [times[0], times[width - 1]];
  return {
    name,
    value: sum / n,
    estimator: `mean Brier score from ${first} to ${last} over ${width} times, censoring estimated on ${censoring.n} training patients`,
    ties: BRIER_TIES,
    n,
    events: countEvents(event),
  };
}

/**
 * What each patient adds to the integrated Brier score, [n]: the score is the mean of them, on any draw of the patients. Arguments as
 * {@link integratedBrier}; G is to be above 0 at all times.
 */
export function brierTerms(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  times: readonly number[],
  censoring: CensoringSurvival,
): Float64Array {
  const width = times.length;
  const length = times[width - 1] - times[0];
  const shares = times.map((t, k) => ((times[k + 1] ?? t) - (times[k - 1] ?? t)) / (2 * length)); // of the trapezoidal rule
  const atTimes = times.map((t) => followedBeyond(censoring, t));
  return Float64Array.from({ length: time.length }, (_, i) => {
    const atDeath = event[i] ? followedUntil(censoring, time[i]) : 0;
    return times.reduce((sum, t, k) => {
      const s = survival[i * width + k];
      if (time[i] > t) return sum + (shares[k] * (1 - s) ** 2) / atTimes[k];
      return event[i] ? sum + (shares[k] * s ** 2) / atDeath : sum;
    }, 0);
  });
}

/**
 * Scaled integrated Brier score `1 − IBS/IBS₀` (index of prediction accuracy, Kattan & Gerds 2018), an R²: 1 for perfect
 * predictions, 0 for those of the null model, which predicts the training patients' Kaplan-Meier survival `reference` for
 * everybody; negative for worse. Arguments as {@link integratedBrier}.
 */
export function scaledBrier(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  times: readonly number[],
  censoring: CensoringSurvival,
  reference: KaplanMeier,
): Metric {
  const name = 'scaledBrier';
  const score = integratedBrier(time, event, survival, times, censoring);
  if (score.value === null) return { ...score, name };
  const nullModel = integratedBrier(
    time,
    event,
    kaplanMeierPrediction(reference, times, time.length),
    times,
    censoring,
  );
  if (nullModel.value === null) return { ...nullModel, name };
  if (nullModel.value === 0) return refuse(name, 'the null model makes no error');
  const estimator = `1 − IBS/IBS₀, null model Kaplan-Meier; ${score.estimator}`;
  return { ...score, name, value: 1 - score.value / nullModel.value, estimator };
}

/** One survival curve read at `times` and predicted for each of n patients: [n, times]. */
export function kaplanMeierPrediction(curve: KaplanMeier, times: readonly number[], n: number): Float64Array {
  const survival = times.map((t) => {
    const steps = countLeading(curve.times, (known) => known <= t);
    return steps === 0 ? 1 : curve.survival[steps - 1];
  });
  return Float64Array.from({ length: n * times.length }, (_, i) => survival[i % times.length]);
}

const AUC_TIES = 'risks within 1e-8 count 1/2; a death at t is a case, a censoring at t counts for neither side';

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
    ties: AUC_TIES,
    n,
    events: cases,
    comparablePairs: cases * survivors.length,
    sides: { cases, others: survivors.length, borrowed: AREA_BORROWS },
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
  const sides: Sides[] = [];
  let alive = 1;
  let sum = 0;
  for (const t of times) {
    const area = dynamicAuc(time, event, risk, t, censoring);
    if (area.value === null) return refuse(name, `at ${t}: ${area.reason}`);
    const aliveNow = curve.survival[countLeading(curve.times, (known) => known <= t) - 1];
    sum += area.value * (alive - aliveNow);
    alive = aliveNow;
    if (area.sides) sides.push(area.sides);
  }
  return {
    name,
    value: sum / (1 - alive),
    estimator: `mean cumulative/dynamic ROC area at ${times.join(', ')}, weighted by the deaths up to each`,
    ties: AUC_TIES,
    n: time.length,
    events: countEvents(event),
    sides: rarest(sides),
  };
}
