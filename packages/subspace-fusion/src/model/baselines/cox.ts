import { InputError } from '../../files/errors.js';
import { cholesky, choleskySolve, dot, transposeTimes, type Matrix } from '../../metrics/linear-algebra.js';
import { isConstant, learnStandardisation, standardise, type Loss } from './design.js';
import { partialLikelihood, riskSets, type Ties } from './ridge-cox.js';
import { linearPredictor } from './ridge.js';

export interface CoxModel {
  /** Log hazard ratio per unit of each column, `[p]`; 0 for a constant column. */
  readonly coefficients: Float64Array;
  /** `[p]`; Infinity for a constant column, about which nothing is known. */
  readonly standardErrors: Float64Array;
  /** Log partial likelihood at zero and at the coefficients. */
  readonly logLikelihoodNull: number;
  readonly logLikelihood: number;
}

/** A Newton step that promises a smaller relative gain in log-likelihood is the last. */
const SMALLEST_GAIN = 1e-12;
/** So much the log-likelihood may seem to fall, relatively, by rounding alone: the last steps gain less. */
const ROUNDING = 1e-12;
const SHORTEST_STEP = 1e-6;
const MOST_STEPS = 50;

/**
 * Cox's proportional hazards model without a penalty, for a few columns (Cox, JRSS B 1972): Newton's method on the
 * partial likelihood, steps halved where it would fall; standard errors from the observed information.
 * @param x columns, `[n, p]`, row-major
 * @param time follow-up, any unit, `[n]`
 * @param event true or 1 for a death, `[n]`
 * Where a column separates the patients who die first, the likelihood has no maximum: the coefficient is then
 * large and its standard error larger still, and the risks are in the right order.
 * @throws InputError without a death, with values that are not finite, or where the columns determine one another
 */
export function fitCox(options: {
  x: Float32Array;
  time: ArrayLike<number>;
  event: ArrayLike<number | boolean>;
  ties?: Ties;
}): CoxModel {
  const { x, time, event, ties = 'efron' } = options;
  const sets = riskSets(time, event);
  if (!sets.event.includes(1)) throw new InputError('a Cox model needs at least one death among the training patients');
  const { means, scales } = learnStandardisation(x, time.length);
  const design = standardise(x, { means, scales });
  const p = design.columns;
  const constant = Array.from({ length: p }, (_, j) => isConstant(x, design.rows, j));

  let beta = new Float64Array(p);
  let loss = partialLikelihood(sets, ties, new Float64Array(design.rows));
  const logLikelihoodNull = -loss.value;
  let factor = factorInformation(design, loss, constant);
  let gain = Infinity;
  for (let step = 0; gain > SMALLEST_GAIN * (1 + loss.value); step++) {
    if (step === MOST_STEPS) throw new InputError('a Cox model did not converge on its columns');
    const score = transposeTimes({ rows: design.rows, columns: 1, values: loss.gradient }, design).values.map(
      (slope) => -slope,
    );
    const direction = choleskySolve(factor, score);
    gain = dot(score, 0, direction, 0, p);
    const before = loss.value;
    let next = beta;
    for (let length = 1; length > SHORTEST_STEP; length /= 2) {
      next = beta.map((value, j) => value + length * direction[j]);
      loss = partialLikelihood(sets, ties, linearPredictor(design, 1, next));
      if (loss.value <= before + ROUNDING * before) break;
    }
    beta = next;
    factor = factorInformation(design, loss, constant);
  }

  const unit = (j: number) => Float64Array.from({ length: p }, (_, i) => (i === j ? 1 : 0));
  return {
    coefficients: beta.map((value, j) => value / scales[j]),
    standardErrors: scales.map((scale, j) =>
      constant[j] ? Infinity : Math.sqrt(choleskySolve(factor, unit(j))[j]) / scale,
    ),
    logLikelihoodNull,
    logLikelihood: -loss.value,
  };
}

/** The linear predictor of each patient, `[n]`: larger is worse. `x: [n, p]`, row-major. */
export function coxRisk(model: CoxModel, x: Float32Array): Float64Array {
  const p = model.coefficients.length;
  return linearPredictor({ rows: x.length / p, columns: p, values: Float64Array.from(x) }, 1, model.coefficients);
}

/** Cholesky factor of the observed information `Xᵀ·(−∂²ℓ/∂η²)·X`, `[p, p]`; constant columns get a 1 on the diagonal. */
function factorInformation(design: Matrix, loss: Loss, constant: readonly boolean[]): Matrix {
  const { rows: n, columns: p } = design;
  const information = new Float64Array(p * p);
  for (let j = 0; j < p; j++) {
    const column = Float64Array.from({ length: n }, (_, i) => design.values[i * p + j]);
    const image = transposeTimes({ rows: n, columns: 1, values: loss.hessianTimes(column) }, design);
    information.set(image.values, j * p);
    if (constant[j]) information[j * p + j] = 1;
  }
  const factor = cholesky({ rows: p, columns: p, values: information });
  if (!factor) throw new InputError('a Cox model cannot tell its columns apart: one is determined by the others');
  return factor;
}

/** A Cox model's probability to be alive, for any linear predictor. */
export interface BaselineSurvival {
  /** The last death of the training patients; the hazard of later times is not known. */
  readonly until: number;
  /** `S(t | η) = exp(−H₀(t)·e^η)` at a time up to `until`. */
  at(eta: number, time: number): number;
}

/**
 * Breslow's estimate of the cumulative baseline hazard (Breslow, discussion of Cox 1972), `H₀(t) = Σ_{t_k ≤ t} d_k / Σ_{R_k} e^η`, with
 * d_k deaths at t_k and R_k at risk then, from the patients that a Cox model was fitted on. It is that of a linear predictor of 0.
 * @param eta linear predictors of those patients, `[n]`
 * @param time follow-up, any unit, `[n]`
 * @param event true or 1 for a death, `[n]`; at least one
 */
export function breslowSurvival(
  eta: ArrayLike<number>,
  time: ArrayLike<number>,
  event: ArrayLike<number | boolean>,
): BaselineSurvival {
  const latestFirst = Array.from(eta, (_, i) => i).sort((a, b) => time[b] - time[a]);
  const shift = Array.from(eta).reduce((largest, value) => Math.max(largest, value), -Infinity); // keeps the exponentials finite
  const steps: { time: number; increase: number }[] = []; // of H₀·e^shift, latest first
  let atRisk = 0;
  for (let start = 0, end = 0; start < latestFirst.length; start = end) {
    const now = time[latestFirst[start]];
    let deaths = 0;
    while (end < latestFirst.length && time[latestFirst[end]] === now) {
      atRisk += Math.exp(eta[latestFirst[end]] - shift);
      if (event[latestFirst[end]]) deaths++;
      end++;
    }
    if (deaths > 0) steps.push({ time: now, increase: deaths / atRisk });
  }
  steps.reverse();
  let sum = 0;
  const cumulative = steps.map(({ increase }) => (sum += increase));
  return {
    until: steps[steps.length - 1].time,
    at(eta, time) {
      const passed = steps.findIndex((step) => step.time > time);
      const hazard = passed === 0 ? 0 : cumulative[(passed < 0 ? steps.length : passed) - 1];
      return Math.exp(-hazard * Math.exp(eta - shift));
    },
  };
}
