import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Metric } from './bootstrap.js';
import { kaplanMeier, survivalAt } from './kaplan-meier.js';
import { recalibration, survivalObservedExpected } from './recalibration.js';

const { recalibration: expected } = JSON.parse(
  readFileSync(new URL('./reference/intervals.json', import.meta.url), 'utf8'),
);

function expectMetric(metric: Metric, [value, low, high]: readonly number[]) {
  expect(metric).toMatchObject({
    value: expect.closeTo(value, 7),
    low: expect.closeTo(low, 7),
    high: expect.closeTo(high, 7),
  });
}

describe('recalibration of probabilities', () => {
  test('slope, intercept and observed over expected, as from R glm', () => {
    const { slope, intercept, observedExpected } = recalibration(expected.p, expected.y);
    expectMetric(slope, expected.slope);
    expectMetric(intercept, expected.intercept);
    expectMetric(observedExpected, expected.observedExpected);
  });

  test('few patients with the outcome, and probabilities that tell all apart, are refused', () => {
    const few = recalibration(
      Array.from({ length: 60 }, (_, i) => i / 60),
      Array.from({ length: 60 }, (_, i) => i > 50),
    );
    expect(few.slope).toMatchObject({
      value: null,
      reason: '9 of 60 patients with the outcome; 10 with it and 10 without it are needed',
    });
    expect(few.observedExpected.value).toBeNull();
    const apart = recalibration(
      Array.from({ length: 40 }, (_, i) => (i < 20 ? 0.2 + i / 1000 : 0.8 + i / 1000)),
      Array.from({ length: 40 }, (_, i) => i >= 20),
    );
    expect(apart.slope).toMatchObject({
      value: null,
      reason: 'the probabilities tell those with the outcome from all others',
    });
    expect(apart.observedExpected.value).toBeGreaterThan(0.9);
  });
});

describe('deaths seen over predicted', () => {
  const time = [1, 2, 3, 4, 5, 6, 7, 8];
  const event = [1, 0, 1, 1, 0, 1, 0, 0];

  test('are Kaplan-Meier over the mean prediction, with the interval of the curve', () => {
    const alive = survivalAt(kaplanMeier(time, event), 4) as { value: number; low: number; high: number };
    const predicted = time.map(() => 0.75);
    const { value, low, high } = survivalObservedExpected(time, event, predicted, 4) as typeof alive;
    expect(value).toBeCloseTo((1 - alive.value) / 0.25, 12);
    expect([low, high]).toEqual([(1 - alive.high) / 0.25, (1 - alive.low) / 0.25]);
  });

  test('refused after the follow-up, and where nobody dies', () => {
    expect(survivalObservedExpected(time, event, time, 9)).toMatchObject({ value: null });
    expect(survivalObservedExpected(time, event, time, 0.5)).toMatchObject({
      value: null,
      reason: 'nobody dies by 0.5',
    });
  });
});
