import { ascendingOrder, countEvents, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { wilsonInterval } from './distributions.js';
import { kaplanMeier, survivalAt } from './kaplan-meier.js';

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

function requireThreshold(threshold: number): void {
  if (!(threshold >= 0 && threshold < 1)) throw new RangeError(`the threshold ${threshold} is not in [0, 1)`);
}

/** How a threshold is chosen: highest sensitivity + specificity (Youden 1950), or the highest threshold of at least this sensitivity. */
export type OperatingRule = 'youden' | { readonly sensitivity: number };

const TIES = 'a score at the threshold is positive';

/**
 * The threshold on the score of class `positive` against the rest, chosen on validation patients. Candidates are the scores of
 * these patients; of equally good ones the highest. `score` and `truth` are [n]. Refused where the class, or the rest, has no
 * patient. Throws a RangeError on unequal lengths or a NaN score.
 */
export function operatingPoint(
  score: ArrayLike<number>,
  truth: ArrayLike<number>,
  positive: number,
  rule: OperatingRule,
): Metric {
  const name = `threshold[${positive}]`;
  const n = truth.length;
  requireNumbers(n, { score });
  const positives = Array.from(truth).filter((label) => label === positive).length;
  if (positives === 0) return refuse(name, `class ${positive} has no patient`);
  if (positives === n) return refuse(name, `every patient is of class ${positive}`);
  const order = ascendingOrder(score).reverse();
  let threshold = Infinity;
  let bestLead = -Infinity;
  const negatives = n - positives;
  let truePositives = 0;
  let falsePositives = 0;
  for (let start = 0, end = 0; start < n; start = end) {
    while (end < n && score[order[end]] === score[order[start]]) {
      if (truth[order[end++]] === positive) truePositives++;
      else falsePositives++;
    }
    if (rule !== 'youden' && truePositives / positives >= rule.sensitivity) {
      threshold = score[order[start]];
      break;
    }
    // Sensitivity + specificity − 1, times both numbers of patients: whole, so that equals are equal.
    const lead = truePositives * negatives - falsePositives * positives;
    if (rule === 'youden' && lead > bestLead) {
      bestLead = lead;
      threshold = score[order[start]];
    }
  }
  const estimator =
    rule === 'youden'
      ? 'highest sensitivity + specificity'
      : `highest threshold of sensitivity ${rule.sensitivity} or more`;
  return { name, value: threshold, estimator, ties: TIES, n };
}

/**
 * Sensitivity and specificity of class `positive` at a threshold fixed elsewhere, with Wilson's 95 % intervals. Each is refused
 * where it has no patients to count. Throws a RangeError on unequal lengths or a NaN score.
 */
export function atThreshold(
  score: ArrayLike<number>,
  truth: ArrayLike<number>,
  positive: number,
  threshold: number,
): { sensitivity: Metric; specificity: Metric } {
  requireNumbers(truth.length, { score });
  const rows = Array.from(truth, (label, i) => ({ isPositive: label === positive, called: score[i] >= threshold }));
  const inClass = rows.filter(({ isPositive }) => isPositive);
  const inRest = rows.filter(({ isPositive }) => !isPositive);
  const called = inClass.filter((row) => row.called).length;
  const passed = inRest.filter((row) => !row.called).length;
  const estimator = `at a fixed threshold of ${threshold}`;
  return {
    sensitivity: share(
      `sensitivity[${positive}]`,
      called,
      inClass.length,
      estimator,
      `class ${positive} has no patient`,
    ),
    specificity: share(
      `specificity[${positive}]`,
      passed,
      inRest.length,
      estimator,
      `every patient is of class ${positive}`,
    ),
  };
}

function share(name: string, count: number, n: number, estimator: string, reason: string): Metric {
  if (n === 0) return refuse(name, reason);
  const [low, high] = wilsonInterval(count, n);
  return { name, value: count / n, estimator, ties: TIES, n, low, high };
}

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
