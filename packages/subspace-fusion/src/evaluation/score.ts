import type { BatchLabels } from '../inference/batch.js';
import type { Prediction } from '../inference/predictor.js';
import { countEvents } from '../metrics/arrays.js';
import { refuse, takeRows, type Metric } from '../metrics/bootstrap.js';
import { decisionMetrics, macroAuc } from '../metrics/classification.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { Z } from '../metrics/distributions.js';
import { withIntervals } from '../metrics/intervals.js';
import { kaplanMeier, logRank, medianSurvival, riskGroups } from '../metrics/kaplan-meier.js';
import { survivalCurve } from '../metrics/survival-curve.js';
import { fitCox } from '../model/baselines/cox.js';
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

/** The two risk groups: how many patients, their median survival, the hazard ratio of high to low risk and the log-rank test. */
export function compareGroups(
  predictions: readonly Prediction[],
  labels: BatchLabels,
  cut: number,
): NonNullable<Result['riskGroups']> {
  if (labels.kind !== 'survival') throw new TypeError('risk groups are for survival');
  const group = riskGroups(risksOf(predictions), cut);
  const time = labels.labels.map((label) => label.time);
  const event = labels.labels.map(({ censored }) => !censored);
  const { chiSquare, pValue } = logRank(time, event, group);
  const high = group.reduce((n, g) => n + g, 0);
  const median = (of: number) => {
    const rows = Array.from(group.keys()).filter((i) => group[i] === of);
    return medianSurvival(
      kaplanMeier(
        rows.map((i) => time[i]),
        rows.map((i) => event[i]),
      ),
    );
  };
  return {
    cut,
    low: group.length - high,
    high,
    logRank: byName([chiSquare, pValue]),
    hazardRatio: hazardRatio(time, event, group),
    medianSurvival: { low: median(0), high: median(1) },
  };
}

/** Hazard of the high-risk group over that of the low-risk group, from a Cox model, with Wald's interval. */
function hazardRatio(time: readonly number[], event: readonly boolean[], group: Uint8Array): Metric {
  const name = 'hazardRatio';
  for (const [g, word] of ['low', 'high'].entries()) {
    const deaths = event.filter((died, i) => died && group[i] === g).length;
    if (deaths === 0) return refuse(name, `no patient of ${word} risk dies`);
  }
  const { coefficients, standardErrors } = fitCox({ x: Float32Array.from(group), time, event });
  const [log, half] = [coefficients[0], Z * standardErrors[0]];
  return {
    name,
    value: Math.exp(log),
    estimator: 'Cox model, high over low risk',
    ties: 'Efron',
    n: time.length,
    events: countEvents(event),
    low: Math.exp(log - half),
    high: Math.exp(log + half),
    interval: 'Wald',
  };
}

/**
 * The metric that speaks for the task of a fitted model minus that of another on the same patients, with its interval by patient. It says
 * nothing of what other trainings of either would give.
 * @param scores of both models: risks `[n]`, or probabilities `[n, C]`
 */
export function pairedDifference(
  own: ArrayLike<number>,
  other: ArrayLike<number>,
  labels: BatchLabels,
  seed: number,
): Metric {
  const of = (scores: ArrayLike<number>, rows: Uint32Array) =>
    labels.kind === 'survival'
      ? concordanceIndex(
          Array.from(rows, (i) => labels.labels[i].time),
          Array.from(rows, (i) => !labels.labels[i].censored),
          takeRows(scores, rows),
        )
      : macroAuc(takeRows(scores, rows, labels.weights.length), takeRows(labels.labels, rows), labels.weights.length);
  const evaluate = (rows: Uint32Array): Metric[] => {
    const [a, b] = [of(own, rows), of(other, rows)];
    if (a.value === null || b.value === null) return [a.value === null ? a : b];
    const { name, estimator, ties, n, events } = a;
    return [{ name, value: a.value - b.value, estimator: `paired difference of the ${estimator}`, ties, n, events }];
  };
  return withIntervals(evaluate, labels.kind === 'survival' ? labels.labels.length : labels.labels, seed)[0];
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
