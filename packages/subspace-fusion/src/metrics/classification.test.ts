import { describe, expect, test } from 'vitest';
import type { Metric } from './bootstrap.js';
import {
  accuracy,
  classAuc,
  classAucs,
  classificationMetrics,
  confusionMatrix,
  macroAuc,
  macroSensitivity,
  predictedClasses,
} from './classification.js';

const byName = (metrics: readonly Metric[]) => Object.fromEntries(metrics.map((metric) => [metric.name, metric]));

/** One-hot probabilities [n, classes]. */
const certain = (predicted: readonly number[], classes: number) =>
  predicted.flatMap((p) => Array.from({ length: classes }, (_, c) => (c === p ? 1 : 0)));

test('the first of equal maxima is the prediction', () => {
  expect([...predictedClasses([0.4, 0.4, 0.2, 0.2, 0.4, 0.4, 1 / 3, 1 / 3, 1 / 3], 3)]).toEqual([0, 1, 0]);
});

test('the confusion matrix has a row for each true class', () => {
  const { counts, n } = confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2);
  expect([...counts]).toEqual([1, 1, 1, 2]);
  expect(n).toBe(5);
  expect(() => confusionMatrix([0, 2], [0, 1], 2)).toThrow('class 2 of patient 1 is not one of 0 to 1');
  expect(() => confusionMatrix([0], [0, 1], 2)).toThrow(RangeError);
});

test('every metric, worked out by hand', () => {
  // class 0: TP 2, FN 1, FP 0, TN 3; class 1: TP 1, FN 0, FP 2, TN 3; class 2: TP 1, FN 1, FP 0, TN 4
  const metrics = byName(classificationMetrics(certain([0, 0, 1, 1, 1, 2], 3), [0, 0, 0, 1, 2, 2], 3));
  expect(metrics.accuracy.value).toBeCloseTo(4 / 6, 14);
  expect(metrics.balancedAccuracy.value).toBeCloseTo((2 / 3 + 1 + 1 / 2) / 3, 14);
  expect(metrics).not.toHaveProperty('sensitivity');
  expect(metrics.specificity.value).toBeCloseTo((1 + 3 / 5 + 1) / 3, 14);
  expect(metrics.precision.value).toBeCloseTo((1 + 1 / 3 + 1) / 3, 14);
  expect(metrics.macroF1.value).toBeCloseTo((4 / 5 + 2 / 4 + 2 / 3) / 3, 14);
  // pairs won and tied: class 0, 2·3 + 1·3/2 of 9; class 1, 1·3 + 2/2 of 5; class 2, 1·4 + 1·4/2 of 8
  expect(metrics.macroAuc.value).toBeCloseTo((7.5 / 9 + 4 / 5 + 6 / 8) / 3, 14);
  for (const metric of Object.values(metrics)) expect(metric).toMatchObject({ n: 6 });
});

describe('classes that are missing', () => {
  test('a class never predicted counts 0 in the precision and is named', () => {
    const { precision } = byName(classificationMetrics(certain([0, 0, 1], 3), [0, 2, 1], 3));
    expect(precision).toMatchObject({ value: (1 / 2 + 1 + 0) / 3, note: '0/0 for class 2, which counts as 0' });
  });

  test('a class predicted but absent counts 0 in the sensitivity, not in the balanced accuracy', () => {
    const metrics = byName(classificationMetrics(certain([0, 1, 2], 3), [0, 1, 1], 3));
    const confusion = confusionMatrix([0, 1, 1], [0, 1, 2], 3);
    expect(macroSensitivity(confusion).value).toBeCloseTo((1 + 1 / 2 + 0) / 3, 14);
    expect(metrics.balancedAccuracy).toMatchObject({ value: 0.75 });
    expect(metrics.balancedAccuracy).not.toHaveProperty('note');
    expect(metrics.macroAuc).toEqual({ name: 'macroAuc', value: null, reason: 'class 2 has no patient' });
  });

  test('one class only: no specificity and no AUC, with the reason', () => {
    const metrics = byName(classificationMetrics(certain([0, 0], 2), [0, 0], 2));
    expect(metrics.accuracy.value).toBe(1);
    expect(metrics.specificity).toMatchObject({
      value: null,
      reason: 'its ratio is 0/0 for every class in the sample',
    });
    expect(metrics.macroAuc).toMatchObject({ value: null, reason: 'every patient is of class 0' });
  });

  test('one patient, wrongly predicted', () => {
    const metrics = byName(classificationMetrics([0.1, 0.9], [0], 2));
    expect(metrics.accuracy.value).toBe(0);
    expect(metrics.macroAuc.value).toBeNull();
  });

  test('no patient: everything is refused', () => {
    const metrics = classificationMetrics([], [], 3);
    expect(metrics).toHaveLength(6);
    for (const metric of metrics)
      expect(metric).toMatchObject({ value: null, reason: expect.stringMatching(/no patient/) });
  });
});

describe('ROC area', () => {
  test('the example of the scikit-learn manual', () => {
    expect(classAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 1).value).toBe(0.75);
  });

  test('equal scores count 1/2', () => {
    expect(classAuc([1, 1, 1, 1], [0, 1, 0, 1], 1).value).toBe(0.5);
    expect(classAuc([0, 1, 1, 2], [0, 0, 1, 1], 1).value).toBe(3.5 / 4);
  });

  test('each class has its own', () => {
    const areas = classAucs([0.6, 0.4, 0.3, 0.7, 0.5, 0.5], [0, 1, 0], 2);
    expect(areas.map((area) => area.value)).toEqual([1, 1]);
    expect(areas.map((area) => area.name)).toEqual(['auc[0]', 'auc[1]']);
  });

  test('NaN and wrong sizes are errors', () => {
    expect(() => macroAuc([NaN, 0.5, 0.5, 0.5], [0, 1], 2)).toThrow('score[0] is NaN');
    expect(() => classificationMetrics([0.5, NaN, 0.5, 0.5], [0, 1], 2)).toThrow('probabilities[1] is NaN');
    expect(() => classificationMetrics([0.5, 0.5, 0.5], [0, 1], 2)).toThrow(RangeError);
  });
});

test('float32 probabilities are taken as they are', () => {
  const probabilities = Float32Array.of(0.3, 0.7, 0.6, 0.4);
  expect(accuracy(confusionMatrix([1, 1], predictedClasses(probabilities, 2), 2)).value).toBe(0.5);
});
