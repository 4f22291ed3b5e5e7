/** The little linear algebra that baselines and simulation need: dense, row-major, float64. */

/** A dense matrix, `values[i * columns + j]`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** The matrix with these rows, all of one length. */
export function fromRows(rows: readonly ArrayLike<number>[]): Matrix {
  const columns = rows.at(0)?.length ?? 0;
  const values = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    values.set(row, i * columns);
  });
  return { rows: rows.length, columns, values };
}

/** Inner product of `length` elements of `a` from `i` and of `b` from `j`. */
export function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  // Four sums hide the latency of the additions.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += a[i + k] * b[j + k];
    s1 += a[i + k + 1] * b[j + k + 1];
    s2 += a[i + k + 2] * b[j + k + 2];
    s3 += a[i + k + 3] * b[j + k + 3];
  }
  for (; k < length; k++) s0 += a[i + k] * b[j + k];
  return s0 + s1 + (s2 + s3);
}

/** `A·Bᵀ`: `[n, r]` and `[k, r]` to `[n, k]`. */
export function timesTranspose(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < b.rows; k++)
      values[i * b.rows + k] = dot(a.values, i * a.columns, b.values, k * b.columns, a.columns);
  }
  return { rows: a.rows, columns: b.rows, values };
}

/** `Aᵀ·B`: `[n, k]` and `[n, r]` to `[k, r]`. */
export function transposeTimes(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.columns * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.values[i * a.columns + k];
      if (factor === 0) continue;
      const from = i * b.columns;
      const to = k * b.columns;
      for (let j = 0; j < b.columns; j++) values[to + j] += factor * b.values[from + j];
    }
  }
  return { rows: a.columns, columns: b.columns, values };
}

/** The rows of `a` named by `rows`, in that order. */
export function selectRows(a: Matrix, rows: ArrayLike<number>): Matrix {
  const values = new Float64Array(rows.length * a.columns);
  for (let i = 0; i < rows.length; i++)
    values.set(a.values.subarray(rows[i] * a.columns, (rows[i] + 1) * a.columns), i * a.columns);
  return { rows: rows.length, columns: a.columns, values };
}

/**
 * Lower triangular `L` with `L·Lᵀ = A` for a symmetric positive definite `A`, `[n, n]`.
 * `undefined` where `A` is not positive definite to working precision.
 */
export function cholesky(a: Matrix): Matrix | undefined {
  const n = a.rows;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = a.values[i * n + j] - dot(l, i * n, l, j * n, j);
      if (j < i) l[i * n + j] = rest / l[j * n + j];
      else if (rest > 1e-12 * a.values[i * n + i]) l[i * n + i] = Math.sqrt(rest);
      else return undefined;
    }
  }
  return { rows: n, columns: n, values: l };
}

/** `x` with `L·Lᵀ·x = b`, for the factor that `cholesky` returns. */
export function choleskySolve(factor: Matrix, b: Float64Array): Float64Array {
  const n = factor.rows;
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) x[i] = (x[i] - dot(factor.values, i * n, x, 0, i)) / factor.values[i * n + i];
  solveTransposed(factor, x);
  return x;
}

/** The inverse of a symmetric matrix, row by row, from the factor that `cholesky` returns. */
export function choleskyInverse(factor: Matrix): Float64Array[] {
  return Array.from({ length: factor.rows }, (_, i) => {
    const unit = new Float64Array(factor.rows);
    unit[i] = 1;
    return choleskySolve(factor, unit);
  });
}

/** Overwrites `x` with `L⁻ᵀ·x`, for a lower triangular `L`. */
function solveTransposed(lower: Matrix, x: Float64Array): void {
  const n = lower.rows;
  for (let i = n - 1; i >= 0; i--) {
    x[i] /= lower.values[i * n + i];
    for (let j = 0; j < i; j++) x[j] -= lower.values[i * n + j] * x[i];
  }
}

/** A symmetric positive semidefinite matrix as `L·Lᵀ`, with `L: [n, rank]`; its rows `pivots` are lower triangular. */
export interface LowRankFactor {
  readonly factor: Matrix;
  readonly pivots: Uint32Array;
}

/**
 * Pivoted Cholesky factorisation of a symmetric positive semidefinite `A`, `[n, n]`: always takes the row
 * with the largest remaining diagonal, and stops where that is zero to working precision (the rank).
 */
export function pivotedCholesky(a: Matrix): LowRankFactor {
  const n = a.rows;
  const l = new Float64Array(n * n);
  const remaining = Float64Array.from({ length: n }, (_, i) => a.values[i * n + i]);
  const smallest = 1e-10 * remaining.reduce((most, value) => Math.max(most, value), 0);
  const isPivot = new Uint8Array(n);
  const pivots: number[] = [];
  while (pivots.length < n) {
    const r = pivots.length;
    let pivot = 0;
    for (let i = 1; i < n; i++) if (remaining[i] > remaining[pivot]) pivot = i;
    if (!(remaining[pivot] > smallest)) break;
    const root = Math.sqrt(remaining[pivot]);
    for (let i = 0; i < n; i++) {
      if (isPivot[i]) continue;
      l[i * n + r] = (a.values[i * n + pivot] - dot(l, i * n, l, pivot * n, r)) / root;
      remaining[i] -= l[i * n + r] ** 2;
    }
    l[pivot * n + r] = root;
    remaining[pivot] = 0;
    isPivot[pivot] = 1;
    pivots.push(pivot);
  }
  const rank = pivots.length;
  const values = new Float64Array(n * rank);
  for (let i = 0; i < n; i++) values.set(l.subarray(i * n, i * n + rank), i * rank);
  return { factor: { rows: n, columns: rank, values }, pivots: Uint32Array.from(pivots) };
}

/** `α: [n]`, zero outside the pivots, with `Lᵀ·α = θ`. */
export function solvePivots({ factor, pivots }: LowRankFactor, theta: Float64Array): Float64Array {
  const onPivots = Float64Array.from(theta);
  solveTransposed(selectRows(factor, pivots), onPivots);
  const alpha = new Float64Array(factor.rows);
  pivots.forEach((row, i) => (alpha[row] = onPivots[i]));
  return alpha;
}

/**
 * Conjugate gradients for `A·x = b` from zero, `A` symmetric positive semidefinite and given by its products.
 * Stops once the residual's norm is below `tolerance` times that of `b`.
 */
export function conjugateGradient(
  times: (v: Float64Array) => Float64Array,
  b: Float64Array,
  tolerance: number,
): Float64Array {
  const n = b.length;
  const x = new Float64Array(n);
  const residual = Float64Array.from(b);
  const direction = Float64Array.from(b);
  let squared = dot(b, 0, b, 0, n);
  const enough = tolerance ** 2 * squared;
  for (let iteration = 0; iteration < n && squared > enough; iteration++) {
    const image = times(direction);
    const curvature = dot(direction, 0, image, 0, n);
    if (!(curvature > 0)) break;
    const step = squared / curvature;
    for (let i = 0; i < n; i++) {
      x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    const before = squared;
    squared = dot(residual, 0, residual, 0, n);
    for (let i = 0; i < n; i++) direction[i] = residual[i] + (squared / before) * direction[i];
  }
  return x;
}
