import { describe, expect, test } from 'vitest';
import { bootstrapDraws, strataOfSizes, takeRows, type Metric } from './bootstrap.js';

const mean = (values: ArrayLike<number>): Metric => ({
  name: 'mean',
  value: Array.from(values).reduce((sum, v) => sum + v, 0) / values.length,
  estimator: 'mean',
  ties: 'none',
  n: values.length,
});

describe('resamples', () => {
  test('draw in the place of each patient another of the same stratum', () => {
    const strata = [0, 1, 0, 0, 1, 2];
    const drawn: number[][] = [];
    bootstrapDraws((patients) => (drawn.push([...patients]), []), strata, 1, 20);
    for (const rows of drawn) expect(rows.map((row) => strata[row])).toEqual(strata);
    expect(new Set(drawn.map(String)).size).toBe(20);
  });

  test('of groups that follow one another draw from each in its place', () => {
    expect(strataOfSizes([3, 1, 2])).toEqual([0, 0, 0, 1, 2, 2]);
    const drawn: number[][] = [];
    bootstrapDraws((patients) => (drawn.push([...patients]), []), strataOfSizes([3, 1, 50]), 1, 20);
    for (const rows of drawn) {
      expect(rows.slice(0, 3).every((row) => row < 3)).toBe(true);
      expect(rows[3]).toBe(3);
      expect(rows.slice(4).every((row) => row >= 4 && row < 54)).toBe(true);
    }
  });

  test('depend on the seed and on nothing else, are 2,000, and are the same for every metric', () => {
    const both = (patients: Uint32Array) => [mean(patients), mean(patients)];
    const [first, second] = bootstrapDraws(both, 30, 5);
    expect(first).toHaveLength(2000);
    expect(second).toEqual(first);
    expect(bootstrapDraws(both, 30, 5)[0]).toEqual(first);
    expect(bootstrapDraws(both, 30, 6)[0]).not.toEqual(first);
  });
});

test('rows are taken whole, booleans as 0 and 1', () => {
  expect([...takeRows([1, 2, 3, 4, 5, 6], [2, 0, 2], 2)]).toEqual([5, 6, 1, 2, 5, 6]);
  expect([...takeRows([true, false], [1, 0])]).toEqual([0, 1]);
});
