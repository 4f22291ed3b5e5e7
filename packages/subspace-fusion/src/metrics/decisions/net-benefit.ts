import { requireNumbers } from '../arrays.js';
import { refuse, type Metric } from '../metric.js';

export const NET_BENEFIT_TIES = 'a probability at the threshold is treated';

/**
 * Net benefit per patient of treating some (Vickers & Elkin 2006), in true positives: `TP/n − FP/n·p_t/(1 − p_t)`. Whoever
 * treats at a probability p_t takes 1/p_t − 1 needless treatments for one right one.
 */
export function benefit(truePositives: number, falsePositives: number, threshold: number): number {
  return truePositives - (falsePositives * threshold) / (1 - threshold);
}

/**
 * Net benefit of treating the patients whose `probability` [n] of the outcome (1 or true, [n]) is at least `threshold` < 1.
 * Over thresholds it is the decision curve; what it has to beat is treating nobody (0) and treating everybody (the same with a
 * probability of 1 for all). Refused for nobody. Throws a RangeError on NaN, unequal lengths or a threshold outside [0, 1).
 */
export function netBenefit(
  probability: ArrayLike<number>,
  outcome: ArrayLike<number | boolean>,
  threshold: number,
): Metric {
  const name = `netBenefit[${threshold}]`;
  const n = outcome.length;
  requireNumbers(n, { probability, outcome });
  requireThreshold(threshold);
  if (n === 0) return refuse(name, 'there are no patients');
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < n; i++) {
    if (probability[i] < threshold) continue;
    if (outcome[i]) truePositives++;
    else falsePositives++;
  }
  const value = benefit(truePositives / n, falsePositives / n, threshold);
  return { name, value, estimator: `net benefit at a threshold of ${threshold}`, ties: NET_BENEFIT_TIES, n };
}

export function requireThreshold(threshold: number): void {
  if (!(threshold >= 0 && threshold < 1)) throw new RangeError(`the threshold ${threshold} is not in [0, 1)`);
}
