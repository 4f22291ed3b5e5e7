import { InputError } from '../../files/errors.js';
import type { Matrix } from '../../metrics/linear-algebra.js';
import { permutation } from '../../random/counter.js';

/** A convex loss at one linear predictor η, summed over patients, with its first and second derivatives there. */
export interface Loss {
  readonly value: number;
  /** ∂loss/∂η, in η's layout. */
  readonly gradient: Float64Array;
  /** The product of ∂²loss/∂η² with a vector in η's layout; the matrix itself is never formed. */
  hessianTimes(v: Float64Array): Float64Array;
}

/**
 * Deals patients to folds at random so that every stratum (a class, deaths) is spread evenly: `[n]`, 0…folds−1.
 * @param strata stratum of each patient, a small non-negative integer, `[n]`
 * @param stream key of the random stream (`random/counter`)
 */
export function stratifiedFolds(strata: ArrayLike<number>, folds: number, stream: number): Uint8Array {
  const shuffled = Array.from(permutation(stream, strata.length)).sort((a, b) => strata[a] - strata[b]);
  const fold = new Uint8Array(strata.length);
  shuffled.forEach((patient, position) => (fold[patient] = position % folds));
  return fold;
}

/** Column means and standard deviations of the training patients, `[p]` each. */
export interface Standardisation {
  readonly means: Float64Array;
  /** 1 for a constant column, which therefore standardises to zeros and gets a zero coefficient. */
  readonly scales: Float64Array;
}

/**
 * Learns the standardisation of a design `x: [n, p]` (standard deviation with divisor n).
 * @throws InputError where x is not n rows of finite numbers
 */
export function learnStandardisation(x: Float32Array, n: number): Standardisation {
  const p = x.length / n;
  if (n === 0 || !Number.isInteger(p)) {
    throw new InputError(`a baseline was given ${x.length} values for ${n} patients, which is no table`);
  }
  const unknown = x.findIndex((value) => !Number.isFinite(value));
  if (unknown >= 0) {
    throw new InputError(
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
