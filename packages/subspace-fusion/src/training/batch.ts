import type { SurvivalLabel } from '../objective/index.js';
import { crossEntropyTarget, survivalTargets } from '../objective/index.js';

/** One sample of a batch: one slide of one patient. */
export interface Sample {
  /** `[N, width]` */
  readonly bag: Float32Array;
  readonly genes: { readonly tumour: Float32Array; readonly microenvironment: Float32Array };
}

/** What the samples of a batch are to be told apart by. */
export type BatchLabels =
  | { readonly kind: 'classes'; readonly labels: readonly number[]; readonly weights: readonly number[] }
  | { readonly kind: 'survival'; readonly labels: readonly (SurvivalLabel & { readonly time: number })[] };

/** The loss's inputs for a whole batch, `[B, C]` each: they carry every sample's share of the mean. */
export function lossInputs(labels: BatchLabels, classes: number): Record<string, Float32Array> {
  return labels.kind === 'classes' ? { target: crossEntropyTarget(labels.labels, labels.weights) } : survivalTargets(labels.labels, classes);
}
