import type { BatchLabels } from '../inference/batch.js';
import type { Prediction } from '../inference/predictor.js';
import { takeRows, type Metric } from '../metrics/bootstrap.js';
import { decisionMetrics, macroAuc } from '../metrics/classification.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { withIntervals } from '../metrics/intervals.js';
import { logRank, riskGroups } from '../metrics/kaplan-meier.js';
import { survivalCurve } from '../metrics/survival-curve.js';
import type { Model } from '../runs/model.js';
import type { EvaluatedPatient, Result } from '../runs/result.js';
import type { NamedMetrics } from '../runs/values.js';

/** Stands wherever figures of patients do that the model was fitted to or chosen on. */
export const CHOSEN_ON_THESE =
  'the model was fitted to these patients or chosen on them: no evidence of how good it is';

export function byName(metrics: readonly Metric[]): NamedMetrics {
  return Object.fromEntries(metrics.map(({ name, ...rest }) => [name, rest]));
}

/** The metrics know classes by their numbers: `class 2 has no patient`, `0/0 for class 1, 3`. */
const NUMBERS = /\bclass (\d+(?:, \d+)*)/g;

/** A metric with the names of classes in what it says about them. */
export function nameClasses<M extends Metric | NamedMetrics[string]>(metric: M, classes: readonly string[]): M {
  const named = (text: string) =>
    text.replace(
      NUMBERS,
      (_, numbers: string) =>
        `class ${numbers
          .split(', ')
          .map((c) => `'${classes[Number(c)]}'`)
          .join(', ')}`,
    );
  if (metric.value === null) return { ...metric, reason: named(metric.reason) };
  return metric.note === undefined ? metric : { ...metric, note: named(metric.note) };
}

/** {@link nameClasses} of all metrics of a model. */
export function nameAllClasses(metrics: NamedMetrics, classes: readonly string[]): NamedMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, nameClasses(metric, classes)]));
}

/** Metrics of predictions with 95 % intervals (`metrics/intervals`). The draws depend on `seed` and the patients' classes alone. */
export function scorePredictions(predictions: readonly Prediction[], labels: BatchLabels, seed: number): Metric[] {
  if (labels.kind === 'survival') return scoreRisks(risksOf(predictions), labels, seed);
  const outputs = Float64Array.from(predictions.flatMap((p) => p.outputs));
  return scoreProbabilities(outputs, labels, seed);
}

/** Risks that a survival model predicted, `[n]`. @throws TypeError where the model predicts classes. */
export function risksOf(predictions: readonly Prediction[]): number[] {
  return predictions.map(({ patient, risk }) => {
    if (risk === undefined) throw new TypeError(`the prediction for ${patient} has no risk: it is of classes`);
    return risk;
  });
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
  const of =
    (score: typeof decisionMetrics) =>
    (rows: Uint32Array): Metric[] =>
      score(takeRows(probabilities, rows, C), takeRows(labels, rows), C);
  const [area] = withIntervals(
    of((p, truth) => [macroAuc(p, truth, C)]),
    labels,
    seed,
  );
  const [accuracy, balancedAccuracy, macroF1, ...others] = withIntervals(of(decisionMetrics), labels, seed);
  return [accuracy, balancedAccuracy, macroF1, area, ...others];
}

export function compareGroups(
  predictions: readonly Prediction[],
  labels: BatchLabels,
  cut: number,
): NonNullable<Result['riskGroups']> {
  if (labels.kind !== 'survival') throw new TypeError('risk groups are for survival');
  const group = riskGroups(risksOf(predictions), cut);
  const { chiSquare, pValue } = logRank(
    labels.labels.map(({ time }) => time),
    labels.labels.map(({ censored }) => !censored),
    group,
  );
  const high = group.reduce((n, g) => n + g, 0);
  return { cut, low: group.length - high, high, logRank: byName([chiSquare, pValue]) };
}

export function evaluatedPatient(
  p: Prediction,
  labels: BatchLabels,
  i: number,
  { outcome }: Model,
  cut: number | undefined,
): EvaluatedPatient {
  if (labels.kind === 'survival' && outcome.kind === 'survival') {
    const { time, censored } = labels.labels[i];
    const group =
      cut === undefined ? {} : { group: riskGroups(risksOf([p]), cut)[0] === 1 ? ('high' as const) : ('low' as const) };
    return {
      ...p,
      time,
      event: !censored,
      ...group,
      survival: survivalCurve(p.outputs, outcome.cuts).survival.slice(1),
    };
  }
  if (labels.kind === 'classes' && outcome.kind === 'classes') {
    const label = labels.labels[i];
    return { ...p, label, className: outcome.classes[label] };
  }
  throw new TypeError('the labels are not of the task of the model');
}
