import { classificationMetrics, concordanceIndex, takeRows, withIntervals, type Metric } from '../metrics/index.js';
import type { BatchLabels } from '../training/batch.js';
import type { Prediction } from '../training/inference.js';

/** Metrics of predictions with 95 % bootstrap intervals by patient. The draws depend on `seed` and the number of patients alone. */
export function scorePredictions(predictions: readonly Prediction[], labels: BatchLabels, seed: number): Metric[] {
  if (labels.kind === 'survival')
    return scoreRisks(
      predictions.map(({ risk }) => risk!),
      labels,
      seed,
    );
  const outputs = Float64Array.from(predictions.flatMap((p) => p.outputs));
  return scoreProbabilities(outputs, labels, seed);
}

/** Concordance index of risks (higher is worse). */
export function scoreRisks(
  risks: ArrayLike<number>,
  { labels }: BatchLabels & { kind: 'survival' },
  seed: number,
): Metric[] {
  const time = Float64Array.from(labels, (l) => l.time);
  const event = Float64Array.from(labels, (l) => Number(!l.censored));
  const score = (rows: Uint32Array) => [
    concordanceIndex(takeRows(time, rows), takeRows(event, rows), takeRows(risks, rows)),
  ];
  return withIntervals(score, labels.length, seed);
}

/** Classification metrics of probabilities `[n, C]`. */
export function scoreProbabilities(
  probabilities: ArrayLike<number>,
  { labels, weights }: BatchLabels & { kind: 'classes' },
  seed: number,
): Metric[] {
  const C = weights.length;
  const score = (rows: Uint32Array) =>
    classificationMetrics(takeRows(probabilities, rows, C), takeRows(labels, rows), C);
  return withIntervals(score, labels.length, seed);
}
