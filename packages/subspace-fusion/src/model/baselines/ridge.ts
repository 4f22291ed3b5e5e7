import {
  conjugateGradient,
  dot,
  pivotedCholesky,
  solvePivots,
  timesTranspose,
  transposeTimes,
  type LowRankFactor,
  type Matrix,
} from '../../metrics/linear-algebra.js';
import type { Loss } from './design.js';

/**
 * A design with few columns that spans the same linear predictors as X, `[n, p]`, at the same ridge penalty.
 * With fewer patients than columns the best β is a combination of patients, β = Xᵀα, so that with
 * X·Xᵀ = L·Lᵀ and θ = Lᵀα both η = X·β = L·θ and ‖β‖ = ‖θ‖: fit θ on L, `[n, rank]`.
 */
export interface ReducedDesign {
  readonly design: Matrix;
  readonly original: Matrix;
  /** How `design` came from the patients' inner products; absent where the design is X itself. */
  readonly factor: LowRankFactor | undefined;
}

/**
 * The design to fit on: X itself with `p ≤ n`, otherwise the factor of its patients' inner products. A lasso
 * (`alpha` above 0) picks among columns, which the factor has none of.
 */
export function reduceDesign(x: Matrix, alpha = 0): ReducedDesign {
  if (x.columns <= x.rows || alpha > 0) return { design: x, original: x, factor: undefined };
  const factor = pivotedCholesky(timesTranspose(x, x));
  return { design: factor.factor, original: x, factor };
}

/** β, `[p]`, of a θ fitted on the reduced design. */
export function originalCoefficients({ original, factor }: ReducedDesign, theta: Float64Array): Float64Array {
  if (!factor) return theta;
  const alpha: Matrix = { rows: original.rows, columns: 1, values: solvePivots(factor, theta) };
  return transposeTimes(alpha, original).values;
}

export interface PenalisedProblem {
  /** Z, `[n, r]`. */
  readonly design: Matrix;
  /** Rows of Θ: 1 for a risk, one a class for logistic regression. */
  readonly outputs: number;
  /** 1 for a column that is not penalised (the intercept), `[r]`. */
  readonly unpenalised: Uint8Array;
  /** The loss of the linear predictors η = Z·Θᵀ, `[n, outputs]`, summed over patients. */
  loss(eta: Float64Array): Loss;
}

/** η = Z·Θᵀ, `[n, outputs]`, for Θ `[outputs, r]`. */
export function linearPredictor(design: Matrix, outputs: number, theta: Float64Array): Float64Array {
  return timesTranspose(design, { rows: outputs, columns: design.columns, values: theta }).values;
}

/** A Newton step that promises to lower the mean loss by less than this ends the search. */
const SMALLEST_GAIN = 1e-12;
/** So much the mean loss may seem to rise by rounding alone. */
const ROUNDING = 1e-13;
const SHORTEST_STEP = 1e-6;
const MOST_STEPS = 100;

/**
 * Minimises `loss(Z·Θᵀ)/n + λ/2·‖Θ‖²` by Newton's method; each step is solved by conjugate gradients, so
 * that a step costs products with Z and no r×r matrix, and halved until the objective falls.
 * @param start where to begin, `[outputs, r]`: zeros, or the solution at a neighbouring λ
 */
export function minimiseRidge(
  problem: PenalisedProblem,
  lambda: number,
  start: Float64Array<ArrayBuffer>,
): Float64Array<ArrayBuffer> {
  const { design, outputs, unpenalised } = problem;
  const n = design.rows;
  const shrinkage = Float64Array.from(start, (_, j) => (unpenalised[j % design.columns] ? 0 : lambda));
  const perPatient = (values: Float64Array): Matrix => ({ rows: n, columns: outputs, values });
  const lossAt = (theta: Float64Array) => problem.loss(linearPredictor(design, outputs, theta));
  const objective = (loss: Loss, theta: Float64Array) =>
    loss.value / n + 0.5 * theta.reduce((sum, value, j) => sum + shrinkage[j] * value * value, 0);

  let theta = start;
  let loss = lossAt(theta);
  for (let step = 0; step < MOST_STEPS; step++) {
    const downhill = transposeTimes(perPatient(loss.gradient), design).values.map(
      (g, j) => -g / n - shrinkage[j] * theta[j],
    );
    const hessianTimes = (v: Float64Array) => {
      const image = loss.hessianTimes(linearPredictor(design, outputs, v));
      return transposeTimes(perPatient(image), design).values.map((h, j) => h / n + shrinkage[j] * v[j]);
    };
    const direction = conjugateGradient(hessianTimes, downhill, 0.05);
    const gain = dot(downhill, 0, direction, 0, direction.length);
    if (!(gain > SMALLEST_GAIN)) return theta;

    const before = objective(loss, theta);
    let next = theta;
    for (let length = 1; length > SHORTEST_STEP; length /= 2) {
      next = theta.map((value, j) => value + length * direction[j]);
      loss = lossAt(next);
      if (objective(loss, next) <= before - 1e-4 * length * gain + ROUNDING) break;
    }
    theta = next;
  }
  return theta;
}

/**
 * Penalties from strong to weak, evenly spaced in their logarithm. Like glmnet's, the path starts where nothing moves: at the largest
 * slope of the mean loss in a coefficient at zero divided by the share α of lasso, and goes over two decades; for ridge at 1000 times
 * that slope, over five.
 * @param x standardised design, `[n, p]`
 * @param gradient of the loss summed over patients, at the null model, `[n, outputs]`
 * @param alpha share of the penalty that is lasso, 0 for ridge
 */
export function penaltyPath(x: Matrix, gradient: Float64Array, length: number, alpha = 0): Float64Array {
  const slopes = transposeTimes({ rows: x.rows, columns: gradient.length / x.rows, values: gradient }, x).values;
  const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope) / x.rows), 0);
  const [start, decades] = alpha > 0 ? [1 / alpha, 2] : [1000, 5];
  return Float64Array.from({ length }, (_, i) => start * (largest || 1) * 10 ** ((-decades * i) / (length - 1)));
}

/** So many penalties in a row without a better held-out loss end the path: weaker ones overfit more, and take longest to fit. */
const PATIENCE = 5;

/** A penalty and its held-out loss, summed over folds. */
export interface Choice {
  readonly penalty: number;
  readonly loss: number;
}

/**
 * Chooses the penalty with the smallest held-out loss, summed over folds.
 * @param path penalties from strong to weak
 * @param fold fold of each patient, 0…folds−1, `[n]`
 * @param problemOf the problem of some patients of the design
 * @param heldOutLoss loss of the held-out patients at η of all patients, `[n, outputs]`
 * @param minimise the coefficients of a problem at a penalty, from those at the one before
 */
export function choosePenalty(options: {
  design: Matrix;
  path: Float64Array;
  fold: Uint8Array;
  folds: number;
  problemOf: (rows: readonly number[]) => PenalisedProblem;
  heldOutLoss: (eta: Float64Array, training: readonly number[], heldOut: readonly number[]) => number;
  minimise?: typeof minimiseRidge;
}): Choice {
  const { design, path, fold, folds, problemOf, heldOutLoss, minimise = minimiseRidge } = options;
  const patients = Array.from(fold.keys());
  const parts = Array.from({ length: folds }, (_, f) => {
    const training = patients.filter((i) => fold[i] !== f);
    const problem = problemOf(training);
    return {
      training,
      heldOut: patients.filter((i) => fold[i] === f),
      problem,
      theta: new Float64Array(problem.outputs * design.columns),
    };
  });
  const best = { penalty: path[0], loss: Infinity, index: 0 };
  for (let index = 0; index < path.length && index <= best.index + PATIENCE; index++) {
    let loss = 0;
    for (const part of parts) {
      part.theta = minimise(part.problem, path[index], part.theta);
      loss += heldOutLoss(linearPredictor(design, part.problem.outputs, part.theta), part.training, part.heldOut);
    }
    if (loss < best.loss) Object.assign(best, { penalty: path[index], loss, index });
  }
  return { penalty: best.penalty, loss: best.loss };
}

/** The search ends where a step would move no coefficient, per standard deviation, by more than this. */
const SMALLEST_MOVE = 1e-6;
const MOST_PROXIMAL_STEPS = 5000;

/**
 * Minimises `loss(Z·Θᵀ)/n + λ·(α·|Θ|₁ + (1−α)/2·‖Θ‖²)`, the elastic net (Zou and Hastie, JRSS B 2005), by accelerated proximal gradient
 * descent (FISTA: Beck and Teboulle, SIAM J. Imaging Sciences 2009): a step down the slope of the smooth part, then each
 * coefficient drawn towards zero by αλ times the step's length. Steps are halved until the quadratic bound of their length holds, and
 * the momentum starts anew where it points uphill (O'Donoghue and Candès 2015).
 * @param alpha share of the penalty that is lasso, above 0
 */
export const minimiseElasticNet =
  (alpha: number) =>
  (problem: PenalisedProblem, lambda: number, start: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
    const { design, outputs, unpenalised } = problem;
    const n = design.rows;
    const penalty = Float64Array.from(start, (_, j) => (unpenalised[j % design.columns] ? 0 : lambda));
    /** Loss and the quadratic part of the penalty. */
    const smooth = (theta: Float64Array) => {
      const loss = problem.loss(linearPredictor(design, outputs, theta));
      return {
        value: loss.value / n + theta.reduce((sum, b, j) => sum + 0.5 * (1 - alpha) * penalty[j] * b * b, 0),
        loss,
      };
    };

    let step = 1;
    let theta = start;
    let previous = start;
    let momentum = 1;
    for (let count = 0; count < MOST_PROXIMAL_STEPS; count++) {
      const nextMomentum = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
      const ahead = theta.map((b, j) => b + ((momentum - 1) / nextMomentum) * (b - previous[j]));
      const { value, loss } = smooth(ahead);
      const slope = transposeTimes({ rows: n, columns: outputs, values: loss.gradient }, design).values.map(
        (g, j) => g / n + (1 - alpha) * penalty[j] * ahead[j],
      );
      let next: Float64Array<ArrayBuffer>;
      for (;;) {
        next = ahead.map((b, j) => towardsZero(b - step * slope[j], step * alpha * penalty[j]));
        let bound = value;
        for (let j = 0; j < next.length; j++)
          bound += slope[j] * (next[j] - ahead[j]) + (next[j] - ahead[j]) ** 2 / (2 * step);
        if (smooth(next).value <= bound + 1e-12 || step < 1e-12) break;
        step /= 2;
      }
      const moved = next.reduce((most, b, j) => Math.max(most, Math.abs(b - ahead[j])), 0);
      const uphill = next.reduce((sum, b, j) => sum + (ahead[j] - b) * (b - theta[j]), 0) > 0;
      [momentum, previous] = uphill ? [1, next] : [nextMomentum, theta];
      theta = next;
      if (moved < SMALLEST_MOVE) break;
    }
    return theta;
  };

/** The proximal map of `t·|b|`: `sign(b)·max(|b| − t, 0)`. */
const towardsZero = (b: number, t: number) => (t === 0 ? b : Math.sign(b) * Math.max(Math.abs(b) - t, 0));
