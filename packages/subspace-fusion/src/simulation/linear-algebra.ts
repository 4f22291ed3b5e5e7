/** A square or rectangular matrix as rows. */
export type Matrix = readonly ArrayLike<number>[];

/** The lower triangular L with L·Lᵀ = `matrix`, which is symmetric and positive definite. */
export function cholesky(matrix: Matrix): Float64Array[] {
  const n = matrix.length;
  const L = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let l = 0; l < j; l++) rest -= L[i][l] * L[j][l];
      L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
    }
  }
  return L;
}

/** x with L·Lᵀ·x = `right`, L lower triangular. */
export function solveFactored(L: readonly Float64Array[], right: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < L.length; i++) {
    for (let j = 0; j < i; j++) x[i] -= L[i][j] * x[j];
    x[i] /= L[i][i];
  }
  for (let i = L.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < L.length; j++) x[i] -= L[j][i] * x[j];
    x[i] /= L[i][i];
  }
  return x;
}

/** The inverse of a symmetric positive definite matrix. */
export function inverse(matrix: Matrix): Float64Array[] {
  const L = cholesky(matrix);
  return matrix.map((_, i) =>
    solveFactored(
      L,
      Float64Array.from(matrix, (__, j) => (i === j ? 1 : 0)),
    ),
  );
}

/** matrix · vector. */
export function multiply(matrix: Matrix, vector: ArrayLike<number>): Float64Array {
  return Float64Array.from(matrix, (row) => {
    let sum = 0;
    for (let j = 0; j < row.length; j++) sum += row[j] * vector[j];
    return sum;
  });
}
