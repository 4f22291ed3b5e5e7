import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { censoringSurvival, dynamicAuc, meanDynamicAuc } from './censoring-weighted.js';

const { ties, bilirubin, ovarianAge } = JSON.parse(
  readFileSync(new URL('./reference/survival.json', import.meta.url), 'utf8'),
);

describe('values of other programs', () => {
  test("R riskRegression (timeROC's estimator, the example of its manual: bilirubin in the PBC trial)", () => {
    const { time, event, risk, times, auc } = bilirubin;
    const g = censoringSurvival(time, event);
    times.forEach((t: number, k: number) => expect(dynamicAuc(time, event, risk, t, g).value).toBeCloseTo(auc[k], 10));
  });

  test('R riskRegression, a sample full of ties', () => {
    const { time, event, risk, times, scores } = ties;
    const g = censoringSurvival(time, event);
    times.forEach((t: number, k: number) =>
      expect(dynamicAuc(time, event, risk, t, g).value).toBeCloseTo(scores.auc[k], 10),
    );
  });

  // A sample and values of scikit-survival's own tests.
  const time = [10.88, 19.78, 40.92, 98.7, 70.19, 10.15, 28.95, 29.57, 17.9, 63.78, 36.22, 83.14, 13.69, 99.51, 3.19];
  const event = [1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1];
  const risk = [
    -1.019, -0.016, 0.132, 0.269, -0.777, -1.077, 0.894, -1.227, -0.417, 0.072, -1.275, -0.91, -0.825, -0.292, -0.045,
  ];

  test('scikit-survival, one time and the mean over two', () => {
    const g = censoringSurvival(time, event);
    expect(dynamicAuc(time, event, risk, 28, g)).toMatchObject({
      value: expect.closeTo(0.362963, 6),
      n: 15,
      events: 4,
      comparablePairs: 36,
    });
    expect(dynamicAuc(time, event, risk, 15, g).value).toBeCloseTo(0.3030303, 7);
    expect(dynamicAuc(time, event, risk, 66, g).value).toBeCloseTo(0.45, 7);
    expect(meanDynamicAuc(time, event, risk, [15, 66], g)).toMatchObject({
      value: expect.closeTo(0.3943949, 7),
      n: 15,
      events: 9,
    });
  });

  test('scikit-survival, weights from other patients', () => {
    const g = censoringSurvival(
      [
        77.6, 57.6, 66.6, 67.0, 31.5, 5.5, 67.4, 43.7, 31.7, 71.9, 81.1, 56.2, 88.1, 2.9, 62.0, 17.2, 88.0, 26.4, 93.5,
        79.9,
      ],
      [1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1],
    );
    expect(dynamicAuc(time, event, risk, 15, g).value).toBeCloseTo(0.3030303, 7);
    expect(dynamicAuc(time, event, risk, 66, g).value).toBeCloseTo(0.4357061, 7);
    expect(meanDynamicAuc(time, event, risk, [15, 66], g).value).toBeCloseTo(0.385509, 6);
  });

  test('survAUC (README, ovarian cancer), the mean over every tenth day, 0.7552083', () => {
    const { train, time, event, risk } = ovarianAge;
    const g = censoringSurvival(train.time, train.event);
    const days = Array.from({ length: 59 }, (_, k) => 270 + 10 * k); // nobody dies before 268, and nothing changes after 365
    expect(meanDynamicAuc(time, event, risk, days, g).value).toBeCloseTo(0.7552083, 7);
  });
});

test('without censoring it is the ROC area of dying by t', () => {
  const g = censoringSurvival([1, 2, 3, 4], [1, 1, 1, 1]);
  expect(dynamicAuc([1, 2, 3, 4], [1, 1, 1, 1], [3, 1, 2, 1], 2, g).value).toBe(2.5 / 4);
});

test('refusals say what is missing', () => {
  const g = censoringSurvival([1, 2, 6], [0, 1, 0]);
  const auc = (time: number[], event: number[], t: number) => dynamicAuc(time, event, time, t, g);
  expect(auc([3, 4], [1, 1], 2)).toMatchObject({ value: null, reason: 'nobody dies by 2' });
  expect(auc([3, 4], [0, 0], 3)).toMatchObject({ value: null, reason: 'nobody dies by 3' });
  expect(auc([3, 4], [1, 1], 4)).toMatchObject({ value: null, reason: 'nobody is followed beyond 4' });
  expect(auc([3, 9], [1, 1], 8)).toMatchObject({
    value: null,
    reason: expect.stringContaining('is 0 at 8; their follow-up ends at 6'),
  });
  expect(auc([], [], 1).value).toBeNull();
  expect(meanDynamicAuc([3, 4], [1, 1], [0, 0], [3, 5], g)).toMatchObject({
    value: null,
    reason: 'at 5: nobody is followed beyond 5',
  });
  expect(meanDynamicAuc([3, 4], [1, 1], [0, 0], [], g).value).toBeNull();
});
