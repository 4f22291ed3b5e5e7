import { countEvents, requireNumbers, type Events } from '../arrays.js';
import { kaplanMeier, survivalAt } from '../kaplan-meier.js';
import { refuse, type Metric } from '../metric.js';
import { benefit, NET_BENEFIT_TIES, requireThreshold } from './net-benefit.js';

/**
 * Net benefit of treating the patients whose predicted `risk` [n] to die by `horizon` is at least `threshold` < 1 (Vickers et
 * al. 2008): with x the share treated and S the Kaplan-Meier survival of the treated at the horizon, true positives are `x·(1 −
 * S)` and false ones `x·S` of n. 0 where nobody is treated. Refused for nobody, and where the follow-up of the treated ends
 * before the horizon. Throws a RangeError on NaN, unequal lengths or a threshold outside [0, 1).
 */
export function survivalNetBenefit(
  time: ArrayLike<number>,
  event: Events,
  risk: ArrayLike<number>,
  horizon: number,
  threshold: number,
): Metric {
  const name = `netBenefit[${threshold}]`;
  const n = time.length;
  requireNumbers(n, { time, event, risk });
  requireThreshold(threshold);
  if (n === 0) return refuse(name, 'there are no patients');
  const treated = Array.from(risk, (_, i) => i).filter((i) => risk[i] >= threshold);
  const estimator = `net benefit at ${horizon} and a threshold of ${threshold}, Kaplan-Meier in the treated`;
  const about = { name, estimator, ties: NET_BENEFIT_TIES, n, events: countEvents(event) };
  if (treated.length === 0) return { ...about, value: 0 };
  const survival = survivalAt(
    kaplanMeier(
      treated.map((i) => time[i]),
      treated.map((i) => Number(event[i])),
    ),
    horizon,
  );
  if (survival.value === null) return refuse(name, `of the ${treated.length} treated, ${survival.reason}`);
  const share = treated.length / n;
  return { ...about, value: benefit(share * (1 - survival.value), share * survival.value, threshold) };
}
