import { describe, expect, it } from 'vitest';
import { key, normal } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import {
  cholesky,
  choleskySolve,
  conjugateGradient,
  pivotedCholesky,
  solvePivots,
  timesTranspose,
  transposeTimes,
  type Matrix,
} from './linear-algebra.js';

const stream = key(3, 'linear-algebra');
const matrix = (rows: number, columns: number, from = 0): Matrix => ({
  rows,
  columns,
  values: Float64Array.from({ length: rows * columns }, (_, i) => normal(stream, from + i)),
});
const column = (values: Float64Array): Matrix => ({ rows: values.length, columns: 1, values });
const largestDifference = (a: Float64Array, b: Float64Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe('products', () => {
  it('multiply as written out by hand', () => {
    const a = { rows: 2, columns: 3, values: Float64Array.of(1, 2, 3, 4, 5, 6) };
    const b = { rows: 1, columns: 3, values: Float64Array.of(1, 0, -1) };
    expect(timesTranspose(a, b)).toEqual({ rows: 2, columns: 1, values: Float64Array.of(-2, -2) });
    expect(transposeTimes(column(Float64Array.of(1, 10)), a)).toEqual({
      rows: 1,
      columns: 3,
      values: Float64Array.of(41, 52, 63),
    });
  });
});

describe('cholesky', () => {
  it('solves a positive definite system', () => {
    const a = transposeTimes(matrix(30, 11), matrix(30, 11));
    const x = matrix(11, 1, 1000).values;
    const b = timesTranspose(a, { rows: 1, columns: 11, values: x }).values;
    expect(largestDifference(choleskySolve(defined(cholesky(a)), b), x)).toBeLessThan(1e-10);
  });

  it('refuses a singular matrix', () => {
    const wide = matrix(4, 9);
    expect(cholesky(transposeTimes(wide, wide))).toBeUndefined();
  });
});

describe('pivotedCholesky', () => {
  // Rank 5 and not full: 9 rows that are combinations of 5 columns.
  const x = matrix(9, 5);
  const inner = timesTranspose(x, x);
  const reduced = pivotedCholesky(inner);

  it('finds the rank and reproduces the matrix', () => {
    expect(reduced.factor.columns).toBe(5);
    expect(largestDifference(timesTranspose(reduced.factor, reduced.factor).values, inner.values)).toBeLessThan(1e-10);
  });

  it('solves Lᵀ·α = θ on its pivots', () => {
    const theta = matrix(5, 1, 500).values;
    const alpha = solvePivots(reduced, theta);
    expect(largestDifference(transposeTimes(column(alpha), reduced.factor).values, theta)).toBeLessThan(1e-10);
  });
});

describe('conjugateGradient', () => {
  it('solves a positive definite system from its products', () => {
    const a = transposeTimes(matrix(40, 12), matrix(40, 12));
    const times = (v: Float64Array) => timesTranspose(a, { rows: 1, columns: 12, values: v }).values;
    const b = matrix(12, 1, 2000).values;
    expect(largestDifference(times(conjugateGradient(times, b, 1e-9)), b)).toBeLessThan(1e-7);
  });
});
