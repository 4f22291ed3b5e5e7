import { crossEntropyTarget } from './classification.js';
import { survivalTargets, type SurvivalLabel } from './survival.js';

const EPSILON = 1e-7;

/** Weighted cross entropy of probabilities `[n, C]`: the task loss of predictions that are there already. */
export function classLossOf(
  probabilities: ArrayLike<number>,
  labels: readonly number[],
  weights: readonly number[],
): number {
  const target = crossEntropyTarget(labels, weights);
  return -target.reduce(
    (total, t, i) => (t === 0 ? total : total + t * Math.log(Math.max(probabilities[i], EPSILON))),
    0,
  );
}

/** Survival likelihood of hazards `[n, C]`, as `survivalLikelihood` in the graph. */
export function survivalLossOf(lambda: ArrayLike<number>, labels: readonly SurvivalLabel[], C: number): number {
  const { survivedBefore, event, survivedBeyond } = survivalTargets(labels, C);
  const logOf = (p: number) => Math.log(Math.max(p, EPSILON));
  let total = 0;
  for (let b = 0; b < labels.length; b++) {
    let S = 1; // S_{j−1}, then S_j
    for (let j = 0; j < C; j++) {
      const i = b * C + j;
      total += survivedBefore[i] * logOf(S) + event[i] * logOf(lambda[i]);
      S *= 1 - lambda[i];
      total += survivedBeyond[i] * logOf(S);
    }
  }
  return -total;
}
