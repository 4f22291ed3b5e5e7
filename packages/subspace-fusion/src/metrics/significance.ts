import { ascendingOrder, requireNumbers } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { studentQuantile, studentTail } from './distributions.js';

/**
 * P-values of several comparisons adjusted by Holm's step-down procedure (Holm 1979): the j-th smallest of m is multiplied by m
 * − j + 1, capped at 1, and never below a smaller one's. Those at or below 0.05 hold together with an error of 5 % in all,
 * however the tests depend. In the order given. Throws a RangeError where one is NaN; refused comparisons are to be left out
 * before.
 */
export function holm(pValues: ArrayLike<number>): Float64Array {
  const m = pValues.length;
  requireNumbers(m, { pValues });
  const adjusted = new Float64Array(m);
  let largest = 0;
  ascendingOrder(pValues).forEach((i, place) => {
    largest = Math.max(largest, Math.min(1, (m - place) * pValues[i]));
    adjusted[i] = largest;
  });
  return adjusted;
}

/** The mean over repeated splits, and the p-value of a mean of 0. */
export interface RepeatedSplits {
  /** With its 95 % interval. */
  readonly mean: Metric;
  readonly pValue: Metric;
}

/**
 * Mean of a score, or of a paired difference of two models, over J splits of the same patients, with the corrected resampled
 * t-test (Nadeau & Bengio 2003; for repeated cross-validation Bouckaert & Frank 2004). Training sets overlap, so the splits are
 * not independent and the variance of the mean is taken as `(1/J + n_test/n_train)·s²` instead of `s²/J`, with J − 1 degrees of
 * freedom. Refused for fewer than two splits; the p-value also where all splits give the same value.
 * @param values one a split, [J]; with k folds repeated r times J = r·k and n_test/n_train = 1/(k − 1)
 */
export function repeatedSplits(
  name: string,
  values: ArrayLike<number>,
  trainPatients: number,
  testPatients: number,
): RepeatedSplits {
  const J = values.length;
  const pName = `${name}P`;
  if (J < 2) {
    const reason = `${J} split${J === 1 ? '' : 's'}, two are needed`;
    return { mean: refuse(name, reason), pValue: refuse(pName, reason) };
  }
  const mean = Array.from(values).reduce((sum, v) => sum + v, 0) / J;
  const variance = Array.from(values).reduce((sum, v) => sum + (v - mean) ** 2, 0) / (J - 1);
  const standardError = Math.sqrt((1 / J + testPatients / trainPatients) * variance);
  const halfWidth = studentQuantile(0.05, J - 1) * standardError;
  const about = {
    estimator: `mean over ${J} splits, corrected resampled t, ${J - 1} df`,
    ties: 'none',
    n: trainPatients + testPatients,
  };
  return {
    mean: {
      name,
      value: mean,
      ...about,
      low: mean - halfWidth,
      high: mean + halfWidth,
      interval: 'corrected resampled t',
    },
    pValue:
      variance === 0
        ? refuse(pName, `all ${J} splits give the same value`)
        : { name: pName, value: studentTail(mean / standardError, J - 1), ...about },
  };
}

/** What a paired difference says about a change: `undetermined` where the data allow more than one of the others. */
export type Verdict = 'helps' | 'harms' | 'equivalent' | 'undetermined';

/**
 * Reads the interval [low, high] of a difference (higher is better) against a margin below which a difference does not matter:
 * equivalent where the whole interval lies within ±margin (two one-sided tests, Schuirmann 1987; with a 95 % interval each at
 * 2.5 %), else helps or harms where it lies on one side of 0, else undetermined. An interval within the margin and on one side
 * of 0 is equivalent: sure, and too small to matter.
 * @param adjustedP p-value of no difference after adjustment for many comparisons: above 0.05 nothing helps or harms
 */
export function verdict(low: number, high: number, margin: number, adjustedP = 0): Verdict {
  if (low >= -margin && high <= margin) return 'equivalent';
  if (adjustedP <= 0.05 && low > 0) return 'helps';
  if (adjustedP <= 0.05 && high < 0) return 'harms';
  return 'undetermined';
}
