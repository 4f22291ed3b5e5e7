import { describe, expect, test } from 'vitest';
import { key, normal } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { refuse, takeRows, withIntervals, type Estimate, type Metric } from './bootstrap.js';
import { classificationMetrics } from './classification.js';
import { concordanceIndex } from './concordance.js';

const mean = (values: ArrayLike<number>): Metric => ({
  name: 'mean',
  value: Array.from(values).reduce((sum, v) => sum + v, 0) / values.length,
  estimator: 'mean',
  ties: 'none',
  n: values.length,
});

describe('percentile intervals', () => {
  const values = Float64Array.from({ length: 400 }, (_, i) => normal(key(3), i));
  const interval = (seed: number) =>
    withIntervals((patients) => [mean(takeRows(values, patients))], 400, seed)[0] as Estimate;

  test('of a mean are those of the normal approximation', () => {
    const { value, low, high, resamples, refusedResamples } = interval(1);
    const variance = mean(values.map((v) => (v - value) ** 2)).value ?? NaN;
    const halfWidth = 1.96 * Math.sqrt(variance / 400);
    expect(value).toBe(mean(values).value);
    expect((defined(low) - (value - halfWidth)) / halfWidth).toBeCloseTo(0, 0.5);
    expect((defined(high) - (value + halfWidth)) / halfWidth).toBeCloseTo(0, 0.5);
    expect([resamples, refusedResamples]).toEqual([1000, 0]);
  });

  test('of groups draw as many from each as it has, and then from each in its place', () => {
    const sizes = [3, 1, 50];
    const drawn: number[][] = [];
    withIntervals((patients) => (drawn.push([...patients]), []), sizes, 1, 20);
    expect(drawn[0]).toEqual(Array.from({ length: 54 }, (_, i) => i));
    for (const rows of drawn) {
      expect(rows.slice(0, 3).every((row) => row < 3)).toBe(true);
      expect(rows[3]).toBe(3);
      expect(rows.slice(4).every((row) => row >= 4 && row < 54)).toBe(true);
    }
    expect(new Set(drawn.map(String)).size).toBe(21);
  });

  test('depend on the seed and on nothing else', () => {
    expect(interval(1)).toEqual(interval(1));
    expect(interval(1).low).not.toBe(interval(2).low);
  });

  test('cover the true mean in about 95 of 100 samples', () => {
    let covered = 0;
    for (let sample = 0; sample < 200; sample++) {
      const drawn = Float64Array.from({ length: 50 }, (_, i) => normal(key(9, sample), i));
      const [metric] = withIntervals((patients) => [mean(takeRows(drawn, patients))], 50, sample, 300) as Estimate[];
      if (defined(metric.low) <= 0 && defined(metric.high) >= 0) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThanOrEqual(199);
  });

  test('two metrics see the same draws, so a paired difference of equal models is exactly 0', () => {
    const [first, second] = withIntervals(
      (patients) => [mean(takeRows(values, patients)), mean(takeRows(values, patients))],
      400,
      5,
    );
    expect(second).toEqual(first);
  });
});

describe('resamples that cannot compute the metric', () => {
  test('a few are counted and left out', () => {
    const time = [1, 2, 3, 4, 5, 6, 7, 8];
    const event = [1, 1, 1, 0, 0, 0, 0, 0]; // no death in (5/8)⁸ = 2.3 % of the resamples
    const risk = [5, 8, 2, 3, 7, 1, 4, 6];
    const [metric] = withIntervals(
      (patients) => [concordanceIndex(takeRows(time, patients), takeRows(event, patients), takeRows(risk, patients))],
      8,
      11,
      2000,
    ) as Estimate[];
    expect(defined(metric.refusedResamples) / 2000).toBeCloseTo(0.023, 1.5);
    expect(metric.refusedResamples).toBeGreaterThan(0);
    expect(metric.low).toBeLessThanOrEqual(metric.value);
    expect(metric.high).toBeGreaterThanOrEqual(metric.value);
  });

  test('too many leave no interval, with the reason; the value stays', () => {
    const probabilities = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.4, 0.6];
    const truth = [0, 0, 0, 1]; // class 1 is missing from (3/4)⁴ = 32 % of the resamples
    const metrics = withIntervals(
      (patients) => classificationMetrics(takeRows(probabilities, patients, 2), takeRows(truth, patients), 2),
      4,
      0,
    );
    const auc = metrics.find((metric) => metric.name === 'macroAuc') as Estimate;
    expect(auc.value).toBe(1);
    expect(auc).not.toHaveProperty('low');
    expect(defined(auc.refusedResamples) / 1000).toBeCloseTo(0.316 + 1 / 256, 1);
    expect(auc.noInterval).toBe(`${auc.refusedResamples} of 1000 resamples cannot compute it`);
    expect(metrics.find((metric) => metric.name === 'accuracy')).toMatchObject({ value: 1, low: 1, high: 1 });
  });

  test('a refused metric stays refused', () => {
    expect(withIntervals(() => [refuse('m', 'why')], 3, 1, 10)).toEqual([{ name: 'm', value: null, reason: 'why' }]);
  });

  test('one patient has no interval', () => {
    expect(withIntervals((patients) => [mean(takeRows([4], patients))], 1, 1, 10)[0]).toMatchObject({
      value: 4,
      noInterval: 'one patient has no spread',
    });
  });
});

test('rows are taken whole, booleans as 0 and 1', () => {
  expect([...takeRows([1, 2, 3, 4, 5, 6], [2, 0, 2], 2)]).toEqual([5, 6, 1, 2, 5, 6]);
  expect([...takeRows([true, false], [1, 0])]).toEqual([0, 1]);
});
