import { maxOf } from '../files/lists.js';
import { choleskySolve } from '../metrics/linear-algebra.js';
import { DISPERSION, type Gene } from './genes.js';
import {
  factorOf,
  inverse,
  logDeterminantOf,
  multiply,
  PROGRAMME_CORRELATION,
  PROGRAMMES,
  purityOf,
} from './latents.js';
import { PROPORTION_LOADINGS, PROPORTION_NOISE } from './slide.js';

/** Place of h among the latents x = (t₁, t₂, t₃, m₁, m₂, m₃, h) that an observer infers. */
export const H = PROGRAMMES;
const LATENTS = PROGRAMMES + 1;

/** A normal distribution of x. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: readonly Float64Array[];
}

/** A mixture of normal distributions; the weights sum to 1. */
export type Mixture = readonly { readonly weight: number; readonly given: Gaussian }[];

/** x before anything is seen. */
export function priorOfLatents(): Gaussian {
  const covariance = Array.from({ length: LATENTS }, (_, i) =>
    Float64Array.from({ length: LATENTS }, (__, j) =>
      i < PROGRAMMES && j < PROGRAMMES ? PROGRAMME_CORRELATION[i][j] : i === j ? 1 : 0,
    ),
  );
  return { mean: new Float64Array(LATENTS), covariance };
}

/**
 * x given a slide's proportions, taken as known exactly: their logarithms less the average patient's, `y`, up to a constant.
 * Centred they are `C·y = C·(B·x + σ·ε)`, with C the centring matrix, so from the prior N(0, Λ₀⁻¹) the posterior is normal with
 * precision `Λ = Λ₀ + BᵀCB/σ²` and mean `Λ⁻¹·BᵀC·y/σ²`.
 */
export function givenProportions(y: Float64Array): Gaussian {
  const CB = centredLoadings();
  const precision = inverse(priorOfLatents().covariance).map((row, i) =>
    row.map(
      (value, j) => value + CB.reduce((sum, loadings) => sum + loadings[i] * loadings[j], 0) / PROPORTION_NOISE ** 2,
    ),
  );
  const pull = Float64Array.from({ length: LATENTS }, (_, i) =>
    CB.reduce((sum, loadings, kind) => sum + (loadings[i] * y[kind]) / PROPORTION_NOISE ** 2, 0),
  );
  const covariance = inverse(precision);
  return { mean: multiply(covariance, pull), covariance };
}

/** B with the mean of each column taken out, a row a kind. */
function centredLoadings(): number[][] {
  const kinds = PROPORTION_LOADINGS.length;
  const means = PROPORTION_LOADINGS[0].map((_, j) => PROPORTION_LOADINGS.reduce((sum, row) => sum + row[j], 0) / kinds);
  return PROPORTION_LOADINGS.map((row) => row.map((loading, j) => loading - means[j]));
}

/** Values of the purity score over which is integrated. */
const PURITY_SCORES = Array.from({ length: 15 }, (_, i) => -3.5 + 0.5 * i);

/**
 * x given the counts of the genes at a known site, on top of `prior`. The tumour purity is integrated out on a grid of 15 values, since
 * low purity with strong programmes looks much like high purity with weak ones; at each of them the posterior of x is close to normal
 * (the likelihood is log-concave in x and has 160 genes), so it is taken at its mode, weighted by its evidence (Laplace).
 */
export function givenGenes(prior: Gaussian, genes: readonly Gene[], counts: ArrayLike<number>, site: number): Mixture {
  const precision = inverse(prior.covariance);
  let start = prior.mean;
  const components = PURITY_SCORES.map((purityScore) => {
    const posterior = posteriorMode(
      start,
      prior.mean,
      precision,
      likelihoodOf(genes, counts, site, purityOf(purityScore)),
    );
    start = posterior.mode;
    const logDeterminant = logDeterminantOf(posterior.factor);
    const covariance = inverse(posterior.information);
    return {
      logWeight: posterior.value - purityScore ** 2 / 2 - logDeterminant / 2,
      given: { mean: posterior.mode, covariance },
    };
  });
  const highest = maxOf(components.map(({ logWeight }) => logWeight));
  const total = components.reduce((sum, { logWeight }) => sum + Math.exp(logWeight - highest), 0);
  return components.map(({ logWeight, given }) => ({ weight: Math.exp(logWeight - highest) / total, given }));
}

/** Returns the log likelihood at x, adds its gradient to `gradient` and its negative second derivatives to `information`. */
type Likelihood = (x: Float64Array, gradient: Float64Array, information: readonly Float64Array[]) => number;

/** Negative binomial log likelihood `y·log μ − (y + 1/α)·log(1 + α·μ)`, up to a constant, of the genes that load on anything. */
function likelihoodOf(genes: readonly Gene[], counts: ArrayLike<number>, site: number, purity: number): Likelihood {
  const alpha = DISPERSION;
  return (x, gradient, information) => {
    let sum = 0;
    for (let g = 0; g < genes.length; g++) {
      const {
        tumourProgramme: t,
        microenvironmentProgramme: m,
        tumourWeight,
        microenvironmentWeight,
        baseline,
        siteEffects,
      } = genes[g];
      if (tumourWeight === 0 && microenvironmentWeight === 0) continue;
      const y = counts[g];
      const slopeT = purity * tumourWeight;
      const slopeM = (1 - purity) * microenvironmentWeight;
      const logMu = baseline + siteEffects[site] + slopeT * x[t] + slopeM * x[m];
      const mu = Math.exp(logMu);
      const residual = (y - mu) / (1 + alpha * mu);
      const curvature = (mu * (1 + alpha * y)) / (1 + alpha * mu) ** 2;
      sum += y * logMu - (y + 1 / alpha) * Math.log(1 + alpha * mu);
      gradient[t] += residual * slopeT;
      gradient[m] += residual * slopeM;
      information[t][t] += curvature * slopeT * slopeT;
      information[m][m] += curvature * slopeM * slopeM;
      information[t][m] += curvature * slopeT * slopeM;
      information[m][t] += curvature * slopeT * slopeM;
    }
    return sum;
  };
}

/** Newton's method with step halving, from `start`: the posterior's mode, and its value, information and Cholesky factor there. */
function posteriorMode(
  start: Float64Array,
  priorMean: Float64Array,
  priorPrecision: readonly Float64Array[],
  likelihood: Likelihood,
) {
  const evaluate = (x: Float64Array) => {
    const information = priorPrecision.map((row) => row.slice());
    const deviation = x.map((value, j) => value - priorMean[j]);
    const gradient = multiply(priorPrecision, deviation).map((slope) => -slope);
    const logPrior = 0.5 * gradient.reduce((sum, slope, j) => sum + slope * deviation[j], 0);
    const value = logPrior + likelihood(x, gradient, information);
    return { mode: x, value, gradient, information };
  };
  let here = evaluate(start);
  for (let iteration = 0; ; iteration++) {
    const factor = factorOf(here.information);
    const step = choleskySolve(factor, here.gradient);
    const decrement = step.reduce((sum, value, j) => sum + value * here.gradient[j], 0);
    if (decrement < 1e-4 || iteration === 30) return { ...here, factor };
    let next = here;
    for (let scale = 1; scale > 1e-3; scale /= 2) {
      next = evaluate(here.mode.map((value, j) => value + scale * step[j]));
      if (next.value >= here.value) break;
    }
    here = next;
  }
}
