import { key, normal } from '../random/counter.js';
import { DISPERSION, type Gene } from './genes.js';
import { PROGRAMME_CORRELATION, PROGRAMMES, purityOf } from './latents.js';
import { cholesky, inverse, multiply, solveFactored, solveTransposed } from './linear-algebra.js';
import { PROPORTION_LOADINGS, PROPORTION_NOISE } from './slide.js';

/**
 * What an ideal observer who knows the generator infers about the latents x = (t₁, t₂, t₃, m₁, m₂, m₃, h, purity score).
 */
export const H = PROGRAMMES;
const PURITY = PROGRAMMES + 1;
const LATENTS = PROGRAMMES + 2;

/** A normal distribution of x by its mean and precision matrix. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly precision: readonly Float64Array[];
}

/** x before anything is seen. */
export function priorOfLatents(): Gaussian {
  const covariance = Array.from({ length: LATENTS }, (_, i) =>
    Float64Array.from({ length: LATENTS }, (__, j) => (i < PROGRAMMES && j < PROGRAMMES ? PROGRAMME_CORRELATION[i][j] : i === j ? 1 : 0)),
  );
  return { mean: new Float64Array(LATENTS), precision: inverse(covariance) };
}

/**
 * x given a slide's proportions, taken as known exactly: their logarithms less the average patient's, `y`, up to a constant.
 * Centred they are `C·y = C·(B·x + σ·ε)`, with
 * C the centring matrix, so the posterior is normal with precision `Λ₀ + BᵀCB/σ²` and mean `Λ⁻¹·BᵀC·y/σ²`.
 */
export function givenProportions(prior: Gaussian, observed: Float64Array): Gaussian {
  const centred = centredLoadings();
  const precision = prior.precision.map((row, i) =>
    row.map((value, j) => value + centred.reduce((sum, loadings) => sum + loadings[i] * loadings[j], 0) / PROPORTION_NOISE ** 2),
  );
  const pull = Float64Array.from({ length: LATENTS }, (_, i) =>
    centred.reduce((sum, loadings, kind) => sum + (loadings[i] * observed[kind]) / PROPORTION_NOISE ** 2, 0),
  );
  return { mean: solveFactored(cholesky(precision), pull), precision };
}

/** B with the mean of each column taken out, a row a kind, zero for the purity. */
function centredLoadings(): Float64Array[] {
  const kinds = PROPORTION_LOADINGS.length;
  const means = PROPORTION_LOADINGS[0].map((_, j) => PROPORTION_LOADINGS.reduce((sum, row) => sum + row[j], 0) / kinds);
  return PROPORTION_LOADINGS.map((row) => Float64Array.from({ length: LATENTS }, (_, j) => (j < row.length ? row[j] - means[j] : 0)));
}

/** Weighted draws of x; the weights sum to 1. */
export interface WeightedDraws {
  readonly draws: readonly Float64Array[];
  readonly weights: Float64Array;
}

/**
 * x given the counts of the genes at a known site, on top of `prior`: importance sampling from the normal
 * approximation at the posterior's mode (Laplace), widened by a tenth, with antithetic pairs.
 */
export function givenGenes(prior: Gaussian, genes: readonly Gene[], counts: ArrayLike<number>, site: number, stream: number, pairs = 20): WeightedDraws {
  const likelihood = geneLikelihood(genes, counts, site);
  const { mode, factor } = posteriorMode(prior, likelihood);
  const draws: Float64Array[] = [];
  const logWeights: number[] = [];
  const z = new Float64Array(LATENTS);
  for (let pair = 0; pair < pairs; pair++) {
    const noise = key(stream, pair);
    let squares = 0;
    for (let j = 0; j < LATENTS; j++) {
      z[j] = normal(noise, j);
      squares += z[j] * z[j];
    }
    const step = solveTransposed(factor, z);
    for (const sign of [1.1, -1.1]) {
      const x = mode.map((value, j) => value + sign * step[j]);
      draws.push(x);
      logWeights.push(logPrior(prior, x) + likelihood.log(x) + squares / 2);
    }
  }
  const highest = Math.max(...logWeights);
  const weights = Float64Array.from(logWeights, (value) => Math.exp(value - highest));
  const sum = weights.reduce((a, b) => a + b);
  return { draws, weights: weights.map((weight) => weight / sum) };
}

function logPrior(prior: Gaussian, x: Float64Array): number {
  const d = x.map((value, j) => value - prior.mean[j]);
  return -0.5 * multiply(prior.precision, d).reduce((sum, value, j) => sum + value * d[j], 0);
}

interface Likelihood {
  /** Log likelihood at x, up to a constant. */
  log(x: Float64Array): number;
  /** Adds its gradient to `gradient` and its Fisher information to `information`. */
  addDerivatives(x: Float64Array, gradient: Float64Array, information: readonly Float64Array[]): void;
}

/** Negative binomial likelihood `y·log μ − (y + 1/α)·log(1 + α·μ)` of the genes that load on anything. */
function geneLikelihood(genes: readonly Gene[], counts: ArrayLike<number>, site: number): Likelihood {
  const active = genes
    .map((gene, g) => ({ gene, count: counts[g], level: gene.baseline + gene.siteEffects[site] }))
    .filter(({ gene }) => gene.tumourWeight !== 0 || gene.microenvironmentWeight !== 0);
  const logMeanOf = ({ gene, level }: (typeof active)[number], x: Float64Array, purity: number) =>
    level +
    purity * gene.tumourWeight * x[gene.tumourProgramme] +
    (1 - purity) * gene.microenvironmentWeight * x[gene.microenvironmentProgramme];
  return {
    log(x) {
      const purity = purityOf(x[PURITY]);
      let sum = 0;
      for (const item of active) {
        const logMu = logMeanOf(item, x, purity);
        sum += item.count * logMu - (item.count + 1 / DISPERSION) * Math.log1p(DISPERSION * Math.exp(logMu));
      }
      return sum;
    },
    addDerivatives(x, gradient, information) {
      const purity = purityOf(x[PURITY]);
      for (const item of active) {
        const { gene, count } = item;
        const mu = Math.exp(logMeanOf(item, x, purity));
        const residual = (count - mu) / (1 + DISPERSION * mu);
        const weight = mu / (1 + DISPERSION * mu);
        const tumour = gene.tumourWeight * x[gene.tumourProgramme];
        const microenvironment = gene.microenvironmentWeight * x[gene.microenvironmentProgramme];
        const slopes: readonly (readonly [number, number])[] = [
          [gene.tumourProgramme, purity * gene.tumourWeight],
          [gene.microenvironmentProgramme, (1 - purity) * gene.microenvironmentWeight],
          [PURITY, purity * (1 - purity) * 0.5 * (tumour - microenvironment)],
        ];
        for (const [i, slope] of slopes) {
          gradient[i] += residual * slope;
          for (const [j, other] of slopes) information[i][j] += weight * slope * other;
        }
      }
    },
  };
}

/** Mode of the posterior by Fisher scoring with step halving, and the Cholesky factor of the information there. */
function posteriorMode(prior: Gaussian, likelihood: Likelihood): { mode: Float64Array; factor: Float64Array[] } {
  let x = prior.mean.slice();
  let value = logPrior(prior, x) + likelihood.log(x);
  for (let iteration = 0; ; iteration++) {
    const information = prior.precision.map((row) => row.slice());
    const fromPrior = multiply(prior.precision, x.map((xj, j) => xj - prior.mean[j]));
    const gradient = fromPrior.map((slope) => -slope);
    likelihood.addDerivatives(x, gradient, information);
    const factor = cholesky(information);
    const step = solveFactored(factor, gradient);
    const decrement = step.reduce((sum, sj, j) => sum + sj * gradient[j], 0);
    if (decrement < 1e-6 || iteration === 50) return { mode: x, factor };
    for (let scale = 1; scale > 1e-6; scale /= 2) {
      const candidate = x.map((xj, j) => xj + scale * step[j]);
      const candidateValue = logPrior(prior, candidate) + likelihood.log(candidate);
      if (candidateValue >= value) {
        x = candidate;
        value = candidateValue;
        break;
      }
    }
  }
}
