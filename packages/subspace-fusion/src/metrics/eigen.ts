/** Eigenvalues from the largest on, and their eigenvectors of length 1. */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/** Steps for one eigenvalue; three are usual. */
const MOST_STEPS = 60;

/**
 * The `count` largest eigenvalues of a symmetric matrix `[n, n]` with their eigenvectors, by Householder's reflections to a tridiagonal
 * matrix and implicit QL steps (Golub and Van Loan, Matrix Computations, section 8.3). Of a vector and its negative the one is taken whose
 * largest element is positive.
 * @throws {RangeError} where it does not converge, as for a matrix with numbers that are not finite.
 */
export function largestEigen(matrix: Float64Array, n: number, count: number): Eigen {
  const A = Float64Array.from(matrix);
  const reflections = tridiagonalise(A, n);
  const diagonal = Float64Array.from({ length: n }, (_, i) => A[i * n + i]);
  const beside = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? A[(i + 1) * n + i] : 0));
  const rows = new Float64Array(n * n); // eigenvectors of the tridiagonal matrix are its rows
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  implicitQL(diagonal, beside, rows, n);
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => diagonal[b] - diagonal[a] || a - b);
  const chosen = order.slice(0, count);
  return {
    values: chosen.map((i) => diagonal[i]),
    vectors: chosen.map((i) => signed(reflected(rows.slice(i * n, (i + 1) * n), reflections))),
  };
}

/** Makes A tridiagonal in place; returns the reflections I − 2·v·vᵀ, v from element k + 1 on. */
function tridiagonalise(A: Float64Array, n: number): Float64Array[] {
  const reflections: Float64Array[] = [];
  const w = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const v = new Float64Array(n);
    let square = 0;
    for (let i = k + 1; i < n; i++) square += (v[i] = A[i * n + k]) ** 2;
    const length = Math.sqrt(square);
    const alpha = v[k + 1] > 0 ? -length : length;
    v[k + 1] -= alpha;
    const norm = Math.sqrt(2 * length * (length + Math.abs(v[k + 1] + alpha)));
    if (norm > 0) for (let i = k + 1; i < n; i++) v[i] /= norm;
    else v.fill(0);
    reflections.push(v);
    let along = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += A[i * n + j] * v[j];
      w[i] = sum;
      along += sum * v[i];
    }
    for (let i = k + 1; i < n; i++) w[i] = 2 * (w[i] - along * v[i]);
    for (let i = k + 1; i < n; i++) for (let j = k + 1; j < n; j++) A[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    A[(k + 1) * n + k] = norm > 0 ? alpha : 0;
  }
  return reflections;
}

/** Diagonalises a tridiagonal matrix in place, the same rotations applied to `rows`. */
function implicitQL(d: Float64Array, e: Float64Array, rows: Float64Array, n: number): void {
  // Rounding is that of the whole matrix: where features never vary, eigenvalues are 0, and what lies beside them never becomes small by comparison.
  let least = 0;
  for (let i = 0; i < n; i++) least = Math.max(least, Number.EPSILON * (Math.abs(d[i]) + Math.abs(e[i])));
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > least) m++;
      if (m === l) break;
      if (step === MOST_STEPS) throw new RangeError('the eigenvalues do not converge');
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + Math.sign(g || 1) * Math.hypot(g, 1));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) break;
        [s, c] = [f / r, g / r];
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        turn(rows, i, s, c, n);
      }
      if (i >= l) {
        d[i + 1] -= p;
        e[m] = 0;
        continue;
      }
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** Turns rows i and i + 1. */
function turn(rows: Float64Array, i: number, s: number, c: number, n: number): void {
  for (let k = i * n; k < (i + 1) * n; k++) {
    const f = rows[k + n];
    rows[k + n] = s * rows[k] + c * f;
    rows[k] = c * rows[k] - s * f;
  }
}

/** A vector of the tridiagonal matrix as one of the matrix that it was made of. */
function reflected(x: Float64Array, reflections: readonly Float64Array[]): Float64Array {
  for (const v of reflections.toReversed()) {
    let along = 0;
    for (let i = 0; i < x.length; i++) along += v[i] * x[i];
    for (let i = 0; i < x.length; i++) x[i] -= 2 * along * v[i];
  }
  return x;
}

/** Whichever of x and −x has a positive largest element. */
function signed(x: Float64Array): Float64Array {
  const largest = x.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? x.map((value) => -value) : x;
}
