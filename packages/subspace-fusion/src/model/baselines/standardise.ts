import { UserError } from '../../files/user-error.js';
import type { Matrix } from './linear-algebra.js';

/** Column means and standard deviations of the training patients, `[p]` each. */
export interface Standardisation {
  readonly means: Float64Array;
  /** 1 for a constant column, which therefore standardises to zeros and gets a zero coefficient. */
  readonly scales: Float64Array;
}

/**
 * Learns the standardisation of a design `x: [n, p]` (standard deviation with divisor n).
 * @throws UserError where x is not n rows of finite numbers
 */
export function learnStandardisation(x: Float32Array, n: number): Standardisation {
  const p = x.length / n;
  if (n === 0 || !Number.isInteger(p)) {
    throw new UserError(`a baseline was given ${x.length} values for ${n} patients, which is no table`);
  }
  const unknown = x.findIndex((value) => !Number.isFinite(value));
  if (unknown >= 0) {
    throw new UserError(
      `a baseline needs known values: row ${Math.floor(unknown / p)}, column ${unknown % p} is ${x[unknown]}`,
    );
  }
  const means = new Float64Array(p);
  const scales = new Float64Array(p).fill(1);
  for (let j = 0; j < p; j++) {
    if (isConstant(x, n, j)) {
      means[j] = x[j];
      continue;
    }
    for (let i = 0; i < n; i++) means[j] += x[i * p + j] / n;
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (x[i * p + j] - means[j]) ** 2;
    scales[j] = Math.sqrt(squares / n);
  }
  return { means, scales };
}

/** Whether column j of `x: [n, p]` has one value only. */
export function isConstant(x: Float32Array, n: number, j: number): boolean {
  const p = x.length / n;
  for (let i = 1; i < n; i++) if (x[i * p + j] !== x[j]) return false;
  return true;
}

/** `(x − mean) / scale` column by column, `[n, p]`. */
export function standardise(x: Float32Array, { means, scales }: Standardisation): Matrix {
  const p = means.length;
  const values = Float64Array.from(x, (value, index) => (value - means[index % p]) / scales[index % p]);
  return { rows: x.length / p, columns: p, values };
}
