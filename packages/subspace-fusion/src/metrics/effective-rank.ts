/**
 * Effective rank of a matrix `X [n, D]`, rows one after the other: exp(H(p)), p_i = σ_i / Σσ, H the entropy of the singular values σ.
 * Between 1, where all rows point in one direction, and min(n, D), where all directions are used alike. 0 for a matrix of zeros.
 * Roy and Vetterli, The effective rank: a measure of effective dimensionality, EUSIPCO 2007.
 */
export function effectiveRank(X: ArrayLike<number>, n: number): number {
  const sigma = symmetricEigenvalues(gram(X, n), n).map((lambda) => Math.sqrt(Math.max(0, lambda)));
  const total = sigma.reduce((sum, s) => sum + s, 0);
  if (total === 0) return 0;
  const entropy = sigma.reduce((H, s) => (s > 0 ? H - (s / total) * Math.log(s / total) : H), 0);
  return Math.exp(entropy);
}

/** X·Xᵀ `[n, n]`. */
function gram(X: ArrayLike<number>, n: number): Float64Array {
  const D = X.length / n;
  const G = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += X[i * D + d] * X[j * D + d];
      G[i * n + j] = sum;
      G[j * n + i] = sum;
    }
  }
  return G;
}

/** Eigenvalues of a symmetric matrix `[n, n]`, in place, by Jacobi's rotations: Golub and Van Loan, Matrix Computations, section 8.5. */
function symmetricEigenvalues(A: Float64Array, n: number): number[] {
  const norm = Math.hypot(...A);
  for (let sweep = 0; sweep < 50 && offDiagonal(A, n) > 1e-12 * norm; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(A, n, p, q);
  }
  return Array.from({ length: n }, (_, i) => A[i * n + i]);
}

function offDiagonal(A: Float64Array, n: number): number {
  let squares = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) squares += 2 * A[i * n + j] ** 2;
  return Math.sqrt(squares);
}

/** Turns rows and columns p and q so that A[p, q] becomes zero. */
function rotate(A: Float64Array, n: number, p: number, q: number): void {
  const apq = A[p * n + q];
  if (apq === 0) return;
  const tau = (A[q * n + q] - A[p * n + p]) / (2 * apq);
  const t = Math.sign(tau || 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [kp, kq] = [A[k * n + p], A[k * n + q]];
    A[k * n + p] = c * kp - s * kq;
    A[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k++) {
    const [pk, qk] = [A[p * n + k], A[q * n + k]];
    A[p * n + k] = c * pk - s * qk;
    A[q * n + k] = s * pk + c * qk;
  }
}
