import { countEvents, type Events } from './arrays.js';
import { followedUntil, refuseWeights, type CensoringSurvival } from './censoring.js';
import { comparablePairs, PAIR_TIES } from './concordance.js';
import { refuse, type Metric } from './metric.js';

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
  for (let i = 0; i < time.length; i++) {
    if (!event[i] || time[i] >= horizon) continue;
    const weight = followedUntil(censoring, time[i]) ** -2;
    const ofDeath = concordant[i] + discordant[i] + tiedRisk[i];
    agreeing += weight * (concordant[i] + tiedRisk[i] / 2);
    all += weight * ofDeath;
    pairs += ofDeath;
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
  };
}
