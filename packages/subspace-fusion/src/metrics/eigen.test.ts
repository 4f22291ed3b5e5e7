import { describe, expect, test } from 'vitest';
import { key, normal } from '../random/counter.js';
import { largestEigen } from './eigen.js';

describe('largest eigenvalues of a symmetric matrix', () => {
  test('are those of the path graph, which are known', () => {
    // 2 on the diagonal, −1 beside it: 2 − 2·cos(πk/(n + 1)), eigenvector sin(πki/(n + 1))
    const n = 9;
    const A = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      A[i * n + i] = 2;
      if (i > 0) A[i * n + i - 1] = A[(i - 1) * n + i] = -1;
    }
    const { values, vectors } = largestEigen(A, n, 3);
    [9, 8, 7].forEach((k, at) => {
      expect(values[at]).toBeCloseTo(2 - 2 * Math.cos((Math.PI * k) / (n + 1)), 12);
      const sine = Array.from({ length: n }, (_, i) => Math.sin((Math.PI * k * (i + 1)) / (n + 1)));
      const length = Math.hypot(...sine);
      const along = sine.reduce((sum, x, i) => sum + (x / length) * vectors[at][i], 0);
      expect(Math.abs(along)).toBeCloseTo(1, 12);
    });
  });

  test('of a full matrix satisfy A·v = λ·v, sum to the trace, and have a positive largest element', () => {
    const n = 40;
    const stream = key(1, 'eigen');
    const X = Float64Array.from({ length: 25 * n }, (_, i) => normal(stream, i)); // rank 25
    const A = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let r = 0; r < 25; r++) A[i * n + j] += X[r * n + i] * X[r * n + j];
    const { values, vectors } = largestEigen(A, n, n);
    const trace = Array.from({ length: n }, (_, i) => A[i * n + i]).reduce((a, b) => a + b);
    expect(values.reduce((a, b) => a + b)).toBeCloseTo(trace, 8);
    expect(values.filter((value) => value > 1e-9 * trace)).toHaveLength(25);
    for (const [k, v] of vectors.entries()) {
      for (let i = 0; i < n; i++) {
        const product = v.reduce((sum, x, j) => sum + A[i * n + j] * x, 0);
        expect(product).toBeCloseTo(values[k] * v[i], 9);
      }
      expect(Math.max(...v)).toBe(Math.max(...v.map(Math.abs)));
    }
  });

  test('are found where half of the directions hold nothing but rounding', () => {
    const [n, rank] = [300, 150];
    const stream = key(n, 'e');
    const A = new Float64Array(n * n);
    for (let r = 0; r < rank; r++) {
      const x = Float64Array.from({ length: n }, (_, i) => normal(stream, r * n + i));
      const size = 10 ** ((-4 * r) / rank);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) A[i * n + j] += size * (x[i] * x[j]);
    }
    const { values, vectors } = largestEigen(A, n, 4);
    for (const [k, v] of vectors.entries())
      for (let i = 0; i < n; i++) {
        const product = v.reduce((sum, x, j) => sum + A[i * n + j] * x, 0);
        expect(Math.abs(product - values[k] * v[i])).toBeLessThan(1e-12 * values[0]);
      }
  });
});
