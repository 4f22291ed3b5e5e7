import { quantile } from './arrays.js';

/** The cut between low and high risk: the median risk of the training patients, never of those it is applied to. */
export function riskCut(trainingRisks: ArrayLike<number>): number {
  return quantile(trainingRisks, 0.5);
}

/** 1 (high risk) where the risk lies above the cut, otherwise 0 (low risk). */
export function riskGroups(risks: ArrayLike<number>, cut: number): Uint8Array {
  return Uint8Array.from(risks, (risk) => (risk > cut ? 1 : 0));
}
