import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kaplanMeier, medianSurvival, numbersAtRisk, survivalAt } from './kaplan-meier.js';

const close = (actual: ArrayLike<number>, expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isNaN(value)) expect(actual[i]).toBeNaN();
    else expect(actual[i]).toBeCloseTo(value, 12);
  });
};

describe('a sample with ties', () => {
  const curve = kaplanMeier([6, 2, 3, 4, 5, 1, 6, 7], [1, 1, 1, 0, 1, 0, 0, 1]);

  test('the rows are those of R survfit(conf.type = "log-log")', () => {
    close(curve.times, [1, 2, 3, 4, 5, 6, 7]);
    close(curve.atRisk, [8, 7, 6, 5, 4, 3, 1]);
    close(curve.events, [0, 1, 1, 0, 1, 1, 1]);
    close(
      curve.survival,
      [1, 0.857142857142857, 0.714285714285714, 0.714285714285714, 0.535714285714286, 0.357142857142857, 0],
    );
    close(curve.standardError, [
      0,
      0.132260014253222,
      0.170746944190628,
      0.170746944190628,
      0.200786536491249,
      0.197930252461947,
      NaN,
    ]);
    close(curve.low, [
      1,
      0.3340538792922222,
      0.258153665458795,
      0.258153665458795,
      0.1319881769626387,
      0.0519765194574995,
      NaN,
    ]);
    close(curve.high, [
      1,
      0.978561058526175,
      0.919797456044858,
      0.919797456044858,
      0.824997042039714,
      0.698713031985049,
      NaN,
    ]);
  });

  test('survival steps down at a death, not before', () => {
    expect(survivalAt(curve, 0)).toMatchObject({ value: 1, low: 1, high: 1, n: 8, events: 5 });
    expect(survivalAt(curve, 1.999).value).toBe(1);
    expect(survivalAt(curve, 2).value).toBeCloseTo(6 / 7, 14);
    expect(survivalAt(curve, 100)).toMatchObject({ value: 0, noInterval: 'nobody is left alive' });
  });

  test('median and numbers at risk', () => {
    expect(medianSurvival(curve).value).toBe(6);
    expect(numbersAtRisk(curve, [0, 1, 1.5, 6, 7, 8])).toEqual([8, 8, 7, 3, 1, 0]);
  });
});

test('the median has the interval of R survfit, or none where that has no upper limit', () => {
  const { concordance, groups } = JSON.parse(
    readFileSync(new URL('./reference/intervals.json', import.meta.url), 'utf8'),
  );
  const [value, low, high] = groups.median;
  expect(medianSurvival(kaplanMeier(concordance.time, concordance.event))).toMatchObject({ value, low, high });
  expect(medianSurvival(kaplanMeier([1, 2, 3, 4], [1, 1, 0, 0]))).toMatchObject({
    value: 2,
    noInterval: 'from 1; its upper limit lies beyond the last death',
  });
});

test('the median is the first time at 1/2, also where rounding leaves the product just above', () => {
  const curve = kaplanMeier([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0]); // 5/6 · 4/5 · 3/4
  expect(medianSurvival(curve).value).toBe(3);
});

describe('small samples', () => {
  test('all censored: survival 1, no median, nothing known after the last follow-up', () => {
    const curve = kaplanMeier([3, 5, 5], [0, 0, 0]);
    close(curve.survival, [1, 1]);
    expect(medianSurvival(curve)).toMatchObject({
      value: null,
      reason: 'more than half of the patients survive the last follow-up',
    });
    expect(survivalAt(curve, 5)).toMatchObject({ value: 1, events: 0 });
    expect(survivalAt(curve, 5.1)).toEqual({ name: 'survival', value: null, reason: 'the last follow-up ends at 5' });
  });

  test('everybody dies at one time', () => {
    const curve = kaplanMeier([2, 2, 2], [1, 1, 1]);
    close(curve.survival, [0]);
    expect(medianSurvival(curve).value).toBe(2);
  });

  test('one patient', () => {
    expect(medianSurvival(kaplanMeier([4], [true])).value).toBe(4);
    expect(medianSurvival(kaplanMeier([4], [false])).value).toBeNull();
  });

  test('no patient', () => {
    const curve = kaplanMeier([], []);
    expect(survivalAt(curve, 1)).toMatchObject({ value: null, reason: 'there are no patients' });
    expect(medianSurvival(curve).value).toBeNull();
    expect(numbersAtRisk(curve, [0])).toEqual([0]);
  });

  test('NaN is an error', () => {
    expect(() => kaplanMeier([1, NaN], [1, 1])).toThrow('time[1] is NaN');
  });
});
