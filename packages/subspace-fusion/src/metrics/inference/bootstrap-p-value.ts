import { REFUSED_SHARE_LIMIT } from '../bootstrap.js';
import { refuse, type Metric } from '../metric.js';

/**
 * Two-sided bootstrap p-value of no difference, from the `draws` of a paired difference in a bootstrap:
 * `2·(1 + min(#{d ≤ 0}, #{d ≥ 0})) / (B + 1)`, at most 1 (the percentile interval inverted, the observed sample counted as one
 * more draw; Davison & Hinkley 1997, chapter 4). It can be no smaller than 2/(B + 1). Refused where the difference is, or where
 * more than 5 % of the resamples could not compute it.
 * @param resamples B, drawn in all; `draws` holds those that could compute the difference
 */
export function bootstrapPValue(difference: Metric, draws: ArrayLike<number>, resamples: number): Metric {
  const name = `${difference.name}P`;
  if (difference.value === null) return refuse(name, difference.reason);
  const refused = resamples - draws.length;
  if (refused > REFUSED_SHARE_LIMIT * resamples)
    return refuse(name, `${refused} of ${resamples} resamples cannot compute it`);
  let notAbove = 0;
  let notBelow = 0;
  for (let r = 0; r < draws.length; r++) {
    if (draws[r] <= 0) notAbove++;
    if (draws[r] >= 0) notBelow++;
  }
  const value = Math.min(1, (2 * (1 + Math.min(notAbove, notBelow))) / (draws.length + 1));
  const { ties, n, events } = difference;
  return {
    name,
    value,
    estimator: 'bootstrap, two-sided, percentile',
    ties,
    n,
    events,
    resamples,
    refusedResamples: refused,
  };
}
