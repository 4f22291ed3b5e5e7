import { transposeTimes } from '../../metrics/linear-algebra.js';
import { linearPredictor, type PenalisedProblem } from './ridge.js';

/** The search ends where a step would move no coefficient, per standard deviation, by more than this. */
const SMALLEST_MOVE = 1e-6;
const MOST_STEPS = 5000;

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
    for (let count = 0; count < MOST_STEPS; count++) {
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
