import { cholesky, choleskyInverse, dot, fromRows, type Matrix } from '../metrics/linear-algebra.js';
import { key, normal, uniform } from '../random/counter.js';

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

/** Tumour programmes t₁…t₃, then microenvironment programmes m₁…m₃. */
export const PROGRAMMES = 6;
export const SITES = 4;

/** What a patient is made of; every quantity but `purity` and `site` has mean 0 and variance 1. */
export interface Latents {
  /** t₁, t₂, t₃, m₁, m₂, m₃. */
  readonly programmes: Float64Array;
  /** Standard normal behind the tumour purity π = `purityOf(purityScore)`. */
  readonly purityScore: number;
  /** Histological factor h: shows in the proportions of the kinds of patches, never in the genes. */
  readonly h: number;
  /** Spatial factor φ, uniform: how much immune and tumour patches touch. */
  readonly phi: number;
  /** Density of marker patches at the tumour's rim and in its core, standardised, uniform. */
  readonly rim: number;
  readonly core: number;
  /** What points to rim or core where the genes do not (`guidance` 0). */
  readonly hiddenGuide: number;
  /** 0…SITES−1. */
  readonly site: number;
}

/** Correlations of the six programmes: 0.3, but none between t₃ and m₃, which interact in the outcome. */
export const PROGRAMME_CORRELATION: readonly (readonly number[])[] = Array.from({ length: PROGRAMMES }, (_, i) =>
  Array.from({ length: PROGRAMMES }, (_, j) => (i === j ? 1 : (i === 2 && j === 5) || (i === 5 && j === 2) ? 0 : 0.3)),
);

const CORRELATION_FACTOR = factorOf(PROGRAMME_CORRELATION);

/** Uniform with mean 0 and variance 1. */
const uniformScore = (k: number, i: number) => Math.sqrt(3) * (2 * uniform(k, i) - 1);

/** The latents of one patient, a pure function of seed and patient number. */
export function drawLatents(seed: number, patient: number): Latents {
  const normals = key(seed, 'latents', patient);
  const uniforms = key(seed, 'latent-uniforms', patient);
  return {
    programmes: Float64Array.from({ length: PROGRAMMES }, (_, i) => {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += CORRELATION_FACTOR.values[i * PROGRAMMES + j] * normal(normals, j);
      return sum;
    }),
    purityScore: normal(normals, 6),
    h: normal(normals, 7),
    hiddenGuide: normal(normals, 8),
    phi: uniformScore(uniforms, 0),
    rim: uniformScore(uniforms, 1),
    core: uniformScore(uniforms, 2),
    site: Math.floor(uniform(uniforms, 3) * SITES),
  };
}

/** Tumour purity π, mostly between 0.35 and 0.85. */
export function purityOf(purityScore: number): number {
  return 1 / (1 + Math.exp(-(0.4 + 0.5 * purityScore)));
}
