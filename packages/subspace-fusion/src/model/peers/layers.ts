import { concat, layerNorm, linear, type Value } from 'onnx-autodiff';
import type { Dropout } from '../dropout.js';
import { layer, type NetworkSize, type ParameterSpecs } from '../parameters.js';
import type { PeerInputs } from './peer.js';

/** A graph's parameters, by name. */
export type Weights = Readonly<Record<string, Value>>;

/** `Linear(width, out)` with bias, as PyTorch starts it. */
export function linearLayer(name: string, width: number, out: number): ParameterSpecs {
  return layer(name, [out, width], width, true);
}

/** `Linear(width, out)` with bias, as self-normalising networks start: weights ~ N(0, 1/width), zero biases. */
export function normalLayer(name: string, width: number, out: number): ParameterSpecs {
  return {
    [`${name}.weight`]: { shape: [out, width], start: { normal: 1 / Math.sqrt(width) } },
    [`${name}.bias`]: { shape: [out], start: 'zeros' },
  };
}

/** The linear layer `name` over the last axis: `[..., width] → [..., out]`. */
export function applyLinear(x: Value, p: Weights, name: string): Value {
  return linear(x, p[`${name}.weight`], p[`${name}.bias`]);
}

/** The layer normalisation `name` over the last axis. */
export function applyNorm(x: Value, p: Weights, name: string): Value {
  return layerNorm(x, p[`${name}.scale`], p[`${name}.shift`]);
}

/** Dropout with a rate of its own, where there is dropout at all. */
export function atRate(options: Dropout | undefined, rate: number): Dropout | undefined {
  return options && { ...options, rate };
}

/** All genes of a sample, tumour then microenvironment: `[B, T + M]`. */
export function allGenes({ genes }: PeerInputs): Value {
  return concat([genes.tumour, genes.microenvironment], 1);
}

/** Number of all genes, T + M. */
export function geneCount({ genes }: NetworkSize): number {
  return genes.tumour + genes.microenvironment;
}
