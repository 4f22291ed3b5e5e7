import { countEvents, countLeading, requireNumbers, type Events } from './arrays.js';
import { followedBeyond, followedUntil, refuseWeights, type CensoringSurvival } from './censoring.js';
import type { KaplanMeier } from './kaplan-meier.js';
import { refuse, type Metric } from './metric.js';

const TIES = 'a patient who dies at t is dead at t; a censoring at t has no weight';

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
  return { name, value: sum / n, estimator, ties: TIES, n, events };
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
  const scores: number[] = [];
  for (let k = 0; k < width; k++) {
    const atTime = Float64Array.from({ length: n }, (_, i) => survival[i * width + k]);
    const score = survivalBrier(time, event, atTime, times[k], censoring);
    if (score.value === null) return refuse(name, score.reason);
    scores.push(score.value);
  }
  let area = 0;
  for (let k = 1; k < width; k++) area += ((times[k] - times[k - 1]) * (scores[k] + scores[k - 1])) / 2;
  const [first, last] = [times[0], times[width - 1]];
  return {
    name,
    value: area / (last - first),
    estimator: `mean Brier score from ${first} to ${last} over ${width} times, censoring estimated on ${censoring.n} training patients`,
    ties: TIES,
    n,
    events: countEvents(event),
  };
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
