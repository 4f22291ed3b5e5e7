import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import {
  censoringSurvival,
  integratedBrier,
  kaplanMeierPrediction,
  scaledBrier,
  survivalBrier,
} from './censoring-weighted.js';
import { kaplanMeier } from './kaplan-meier.js';

const { ties, gbsg2 } = JSON.parse(readFileSync(new URL('./reference/survival.json', import.meta.url), 'utf8'));

describe('values of other programs', () => {
  const { time, event, risk, times, scores } = ties;
  const g = censoringSurvival(time, event);
  const survival: number[] = risk.flatMap((x: number) => times.map((t: number) => Math.exp((-t / 20) * Math.exp(x))));

  test('R riskRegression, a sample full of ties, model and Kaplan-Meier', () => {
    times.forEach((t: number, k: number) => {
      const atTime = risk.map((_: number, i: number) => survival[i * times.length + k]);
      expect(survivalBrier(time, event, atTime, t, g).value).toBeCloseTo(scores.brier[k], 10);
      const atTimeNull = kaplanMeierPrediction(kaplanMeier(time, event), [t], time.length);
      expect(survivalBrier(time, event, atTimeNull, t, g).value).toBeCloseTo(scores.nullBrier[k], 10);
    });
  });

  test('integrated and scaled follow from those by the trapezoidal rule', () => {
    const integral = ([a, b, c]: number[]) => (6 * (a + b)) / 2 + (12 * (b + c)) / 2; // over 6, 12, 24 months
    expect(integratedBrier(time, event, survival, times, g).value).toBeCloseTo(integral(scores.brier) / 18, 10);
    const scaled = scaledBrier(time, event, survival, times, g, kaplanMeier(time, event));
    expect(scaled.value).toBeCloseTo(1 - integral(scores.brier) / integral(scores.nullBrier), 10);
  });

  describe('a Cox model of the GBSG2 trial', () => {
    const { time, event, lp, baseline } = gbsg2;
    const g = censoringSurvival(time, event);
    const cumulative = (t: number) => baseline.cumulative[baseline.times.findLastIndex((at: number) => at <= t)] ?? 0;
    const days = Array.from({ length: 1461 }, (_, k) => 365 + k);
    const hazards = days.map(cumulative);
    const survival = Float64Array.from(lp.flatMap((x: number) => hazards.map((h) => Math.exp(-h * Math.exp(x)))));

    test('R riskRegression at 5 years', () => {
      const atFiveYears = lp.map((x: number) => Math.exp(-cumulative(1825) * Math.exp(x)));
      expect(survivalBrier(time, event, atFiveYears, 1825, g).value).toBeCloseTo(gbsg2.brierAt5Years, 10);
    });

    test("scikit-survival's manual, 0.20881843 at 5 years and 0.18158531 from year 1 to 5, but for G at the death instead of just before", () => {
      const atFiveYears = lp.map((x: number) => Math.exp(-cumulative(1825) * Math.exp(x)));
      expect(Math.abs(defined(survivalBrier(time, event, atFiveYears, 1825, g).value) - 0.20881843)).toBeLessThan(1e-4);
      expect(
        Math.abs(defined(integratedBrier(time, event, survival, days, g).value) - 0.1815853064627424),
      ).toBeLessThan(1e-4);
    });
  });
});

describe('by hand', () => {
  const time = [1, 2, 3, 4];
  const g = censoringSurvival([10, 10], [1, 1]);

  test('without censoring it is the mean squared error of being alive', () => {
    expect(survivalBrier(time, [1, 1, 1, 1], [0.1, 0.4, 0.7, 1], 2, g)).toMatchObject({
      value: expect.closeTo((0.1 ** 2 + 0.4 ** 2 + 0.3 ** 2) / 4, 14),
      n: 4,
      events: 2,
    });
  });

  test('a patient censored by t has no term', () => {
    expect(survivalBrier(time, [1, 0, 1, 1], [0.1, 0.4, 0.7, 1], 2, g).value).toBeCloseTo(
      (0.1 ** 2 + 0.3 ** 2) / 4,
      14,
    );
  });

  test('perfect predictions score 0, and 1 when scaled', () => {
    const survival = time.flatMap((death) => [1, 2, 3].map((t) => Number(death > t)));
    expect(integratedBrier(time, [1, 1, 1, 1], survival, [1, 2, 3], g).value).toBe(0);
    expect(scaledBrier(time, [1, 1, 1, 1], survival, [1, 2, 3], g, kaplanMeier(time, [1, 1, 1, 1])).value).toBe(1);
  });
});

test('refusals say what is missing', () => {
  const g = censoringSurvival([1, 2, 6], [0, 1, 0]);
  expect(survivalBrier([3, 9], [1, 1], [0.5, 0.5], 6, g)).toMatchObject({
    value: null,
    reason: expect.stringContaining('is 0 at 6'),
  });
  expect(survivalBrier([], [], [], 3, g)).toMatchObject({ value: null, reason: 'there are no patients' });
  expect(integratedBrier([3], [1], [0.5], [2], g)).toMatchObject({
    value: null,
    reason: 'an integral needs two times',
  });
  expect(integratedBrier([3], [1], [0.5, 0.5], [2, 7], g)).toMatchObject({ name: 'integratedBrier', value: null });
  expect(scaledBrier([3], [0], [1, 1], [2, 2.5], g, kaplanMeier([9], [0]))).toMatchObject({
    value: null,
    reason: 'the null model makes no error',
  });
  expect(survivalBrier([3, 4], [0, 0], [1, 0.5], 2, g)).toMatchObject({
    value: expect.closeTo((1 / 2) ** 2 / 2 / (2 / 3), 14),
    events: 0,
  });
  expect(() => survivalBrier([3], [1], [NaN], 2, g)).toThrow('survival[0] is NaN');
});
