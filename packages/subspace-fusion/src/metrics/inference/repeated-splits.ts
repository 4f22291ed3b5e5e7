import { refuse, type Metric } from '../metric.js';
import { studentQuantile, studentTail } from './student-t.js';

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
    mean: { name, value: mean, ...about, low: mean - halfWidth, high: mean + halfWidth },
    pValue:
      variance === 0
        ? refuse(pName, `all ${J} splits give the same value`)
        : { name: pName, value: studentTail(mean / standardError, J - 1), ...about },
  };
}
