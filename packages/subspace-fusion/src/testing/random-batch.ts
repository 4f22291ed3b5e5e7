import { openBackend } from '../inference/backend.js';
import type { BatchLabels, Sample } from '../inference/batch.js';
import { choiceParameters } from '../model/choice.js';
import { initialise, type NetworkSize, type Parameters } from '../model/layers.js';
import { WHOLE } from '../model/parts.js';
import { createStep, type BatchGradients, type Gradients, type StepOptions } from '../training/step.js';
import { normals } from './graph.js';

/** A network small in its inputs; everything inside has the paper's widths. */
export const SMALL: NetworkSize = { patchWidth: 12, genes: { tumour: 5, microenvironment: 7 }, classes: 4 };

/** Random samples. */
export function randomBatch(
  { patchWidth, genes, covariates = 0 }: NetworkSize,
  tokens: number,
  samples: number,
): Sample[] {
  return Array.from({ length: samples }, (_, b) => ({
    bag: normals(`bag ${b}`, tokens * patchWidth),
    genes: {
      tumour: normals(`tumour ${b}`, genes.tumour),
      microenvironment: normals(`microenvironment ${b}`, genes.microenvironment),
    },
    ...(covariates > 0 ? { covariates: normals(`covariates ${b}`, covariates) } : {}),
  }));
}

/** Labels of a batch, every class or bin in turn. */
export function someLabels(kind: BatchLabels['kind'], samples: number, classes = 4): BatchLabels {
  const bins = Array.from({ length: samples }, (_, b) => b % classes);
  if (kind === 'classes') return { kind, labels: bins, weights: Array.from({ length: classes }, (_, c) => 1 + c) };
  return { kind, labels: bins.map((bin, b) => ({ bin, censored: b % 3 === 2, time: 1 + b })) };
}

export interface Setting extends Partial<Omit<StepOptions, 'backend'>> {
  readonly samples?: number;
  readonly threads?: number;
  readonly draw?: { readonly seed: number; readonly step: number };
}

/** Gradients of one random batch at the starting parameters; `prepare` may change either before. */
export async function gradientsOf(
  { samples = 3, threads = 2, draw = { seed: 1, step: 0 }, ...given }: Setting,
  prepare: (parameters: Parameters, batch: Sample[]) => void = () => undefined,
): Promise<BatchGradients> {
  const options = {
    size: SMALL,
    tokens: 36,
    task: 'survival',
    consistency: 'corrected',
    dropout: 0,
    microBatch: 1,
    ...given,
  } as const;
  const parameters = initialise(choiceParameters({ name: 'subspace', parts: options.parts ?? WHOLE }, options.size), 1);
  const batch = randomBatch(options.size, options.tokens, samples);
  prepare(parameters, batch);
  const backend = await openBackend({ threads });
  const step = createStep({ ...options, backend });
  try {
    return await step.gradients(parameters, batch, someLabels(options.task, samples, options.size.classes), draw);
  } finally {
    await step.dispose();
    await backend.close();
  }
}

/** L = task + ½·Σ consistency, or a peer's own further loss. */
export function totalLoss({ task, auxiliary }: Gradients): number {
  return task + auxiliary;
}
