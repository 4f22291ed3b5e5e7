import { cholesky, choleskyInverse, dot, fromRows, type Matrix } from '../metrics/linear-algebra.js';

/** A symmetric positive definite matrix as rows: a covariance, or its inverse. */
export type Definite = readonly ArrayLike<number>[];

/** The lower triangular L with L·Lᵀ = `matrix`; its lower triangle alone is read. */
export function factorOf(matrix: Definite): Matrix {
  const factor = cholesky(fromRows(matrix));
  if (!factor) throw new Error('the matrix is not positive definite');
  return factor;
}

export const inverse = (matrix: Definite): Float64Array[] => choleskyInverse(factorOf(matrix));

/** log det(L·Lᵀ) */
export function logDeterminantOf({ rows, values }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += 2 * Math.log(values[i * rows + i]);
  return sum;
}

/** matrix · vector */
export function multiply(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, 0, vector, 0, row.length));
}
