import { ascendingOrder, requireNumbers } from '../arrays.js';
import { refuse, type Metric } from '../metric.js';
import { wilsonInterval } from '../normal.js';

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
  let bestSum = -Infinity;
  let truePositives = 0;
  let falsePositives = 0;
  for (let start = 0, end = 0; start < n; start = end) {
    while (end < n && score[order[end]] === score[order[start]]) {
      if (truth[order[end++]] === positive) truePositives++;
      else falsePositives++;
    }
    const sensitivity = truePositives / positives;
    const sum = sensitivity + 1 - falsePositives / (n - positives);
    if (rule !== 'youden' && sensitivity >= rule.sensitivity) {
      threshold = score[order[start]];
      break;
    }
    if (rule === 'youden' && sum > bestSum) {
      bestSum = sum;
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
