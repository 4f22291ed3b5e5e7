import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { key, normal, uniform } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { softmaxRows } from './class-calibration.js';
import {
  classThresholds,
  conformalThreshold,
  coverage,
  expectedCoverage,
  expectedTestCoverage,
  predictionSet,
} from './conformal.js';

const reference = JSON.parse(readFileSync(new URL('./reference/inference.json', import.meta.url), 'utf8'));

test('the threshold is the ⌈(n+1)(1−α)⌉-th smallest score', () => {
  const scores = [0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.8, 0.6, 0.4];
  expect(conformalThreshold(scores, 0.1)).toMatchObject({
    value: 0.9,
    n: 9,
    estimator: 'split-conformal quantile for 90 % coverage, score 9 of 9',
  });
  expect(conformalThreshold(scores, 0.2).value).toBe(0.8);
  expect(conformalThreshold(scores, 0.5).value).toBe(0.5);
  expect(conformalThreshold(scores, 0.55).value).toBe(0.5);
});

test('too few calibration patients are refused, with the number needed', () => {
  expect(conformalThreshold([1, 2, 3, 4, 5, 6, 7, 8], 0.1)).toMatchObject({
    value: null,
    reason: '8 calibration patients; a coverage of 90 % needs 9',
  });
  expect(conformalThreshold([], 0.05)).toMatchObject({
    value: null,
    reason: '0 calibration patients; a coverage of 95 % needs 19',
  });
  expect(conformalThreshold(new Float64Array(19), 0.05).value).toBe(0);
});

test('each class has its own threshold; one that is refused cannot be ruled out', () => {
  const probabilities = [0.8, 0.2, 0.6, 0.4, 0.7, 0.3, 0.9, 0.1];
  const thresholds = classThresholds(probabilities, [0, 0, 0, 1], 2, 0.25);
  expect(thresholds).toMatchObject([
    { name: 'conformalThreshold[0]', value: 0.4, n: 3 },
    { name: 'conformalThreshold[1]', value: null, reason: '1 calibration patients; a coverage of 75 % needs 3' },
  ]);
  expect(predictionSet([0.6, 0.4], thresholds)).toEqual([0, 1]);
  expect(predictionSet([0.5, 0.5], thresholds)).toEqual([1]);
  expect(predictionSet([0.5, 0.5], [thresholds[0], thresholds[0]])).toEqual([]);
});

test('coverage counts the patients whose class is in the set', () => {
  expect(coverage([[0], [0, 1], [], [1]], [0, 1, 1, 0])).toMatchObject({
    value: 0.5,
    n: 4,
    low: expect.any(Number),
    high: expect.any(Number),
  });
  expect(coverage([], [])).toMatchObject({ value: null, reason: 'there are no patients' });
});

describe('coverage to expect', () => {
  test.each(reference.coverage as number[][])('as R qbeta, %d calibrators at α = %d', (n, alpha, mean, low, high) => {
    expect(expectedCoverage(n, alpha)).toEqual({
      mean: expect.closeTo(mean, 12),
      low: expect.closeTo(low, 10),
      high: expect.closeTo(high, 10),
    });
  });

  test.each(reference.testCoverage as number[][])(
    'as the beta-binomial in R, %d calibrators, %d tested, α = %d',
    (n, tested, alpha, low, high) => {
      expect(expectedTestCoverage(n, tested, alpha)).toMatchObject({
        low: expect.closeTo(low, 12),
        high: expect.closeTo(high, 12),
      });
    },
  );

  test('none where there is no threshold', () => {
    expect(expectedCoverage(8, 0.1)).toBeNull();
    expect(expectedTestCoverage(8, 10, 0.1)).toBeNull();
    expect(expectedTestCoverage(99, 0, 0.1)).toBeNull();
  });
});

describe('400 simulated cohorts of three classes, 49 calibrators of each, a model that is wrongly sure', () => {
  const alpha = 0.1;
  const calibrators = 49;
  const tested = 40; // of each class

  /** Probabilities of `each` patients of every class, [3·each, 3], class by class. */
  const simulate = (stream: number, each: number) =>
    softmaxRows(
      Float64Array.from({ length: 9 * each }, (_, i) => {
        const [patient, c] = [Math.floor(i / 3), i % 3];
        const signal = Math.floor(patient / each) === c ? 1 : 0;
        return 3 * (signal + normal(stream, i)); // three times too large
      }),
      3,
    );
  const labels = (each: number) => Float64Array.from({ length: 3 * each }, (_, i) => Math.floor(i / each));

  const shares = Array.from({ length: 400 }, (_, cohort) => {
    const thresholds = classThresholds(
      simulate(key(1, 'calibrate', cohort), calibrators),
      labels(calibrators),
      3,
      alpha,
    );
    const probabilities = simulate(key(1, 'test', cohort), tested);
    const sets = Array.from(labels(tested), (_, i) =>
      predictionSet(probabilities.subarray(3 * i, 3 * i + 3), thresholds),
    );
    return [0, 1, 2].map((c) =>
      defined(coverage(sets.slice(c * tested, (c + 1) * tested), new Uint8Array(tested).fill(c)).value),
    );
  });
  const expected = defined(expectedTestCoverage(calibrators, tested, alpha));

  test.each([0, 1, 2])('class %d: mean coverage within 1 point of nominal', (c) => {
    expect(expected.mean).toBe(0.9);
    const mean = shares.reduce((sum, own) => sum + own[c], 0) / shares.length;
    expect(Math.abs(mean - (1 - alpha))).toBeLessThan(0.01);
  });

  test('95 % of the cohorts lie within the spread announced', () => {
    const all = shares.flat();
    const within = all.filter((share) => share >= expected.low && share <= expected.high).length / all.length;
    expect(within).toBeGreaterThan(0.94);
    expect(within).toBeLessThan(0.99);
  });
});

test('ties make the coverage larger, never smaller', () => {
  let covered = 0;
  for (let cohort = 0; cohort < 200; cohort++) {
    const scores = Array.from({ length: 20 }, (_, i) => Math.floor(4 * uniform(key(2, cohort), i)));
    if (scores[19] <= defined(conformalThreshold(scores.slice(0, 19), 0.2).value)) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.8);
});
