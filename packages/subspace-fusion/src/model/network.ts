import { concat, input, linear, type Value } from 'onnx-autodiff';
import { finishBranch, placeBranch, projectPatches } from './branch.js';
import type { PositionBias } from './attention.js';
import type { Dropout } from './dropout.js';
import { encodeGenes } from './gene-encoder.js';
import { scoped, type ParameterSpecs } from './parameters.js';

/** One value of each subspace. */
export interface Both {
  readonly tumour: Value;
  readonly microenvironment: Value;
}

/** What a network reads: a bag, as each branch projects it, and two gene vectors a sample. */
export interface NetworkInputs {
  readonly P: Both; // [B, N, 128], see `projections`
  readonly genes: Both; // [B, genes]
}

/** What becomes of a sample in one branch. */
export interface BranchOutputs {
  readonly v: Value; // gene code [B, 128]
  readonly vgrid: Value; // key positions [B·8, 2, k, k]
  readonly z: Value; // feature [B, 128]
}

export interface NetworkOutputs {
  readonly tumour: BranchOutputs;
  readonly microenvironment: BranchOutputs;
  readonly logits: Value; // [B, C]
}

/** Parameters as inputs of a graph, by name. */
export function parameterInputs(specs: ParameterSpecs): Record<string, Value> {
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, input(name, shape)]));
}

/** The bag `X [B, N, width]` as each branch projects it: P of docs/method.md section 2, step 1. */
export function projections(X: Value, p: Readonly<Record<string, Value>>): Both {
  return { tumour: projectPatches(X, scoped(p, 'tumour.')), microenvironment: projectPatches(X, scoped(p, 'microenvironment.')) };
}

/** The network of docs/method.md section 2 after the projections. Dropout acts where it is given. */
export function network(
  { P, genes }: NetworkInputs,
  p: Readonly<Record<string, Value>>,
  positionBias: PositionBias,
  dropout?: Dropout,
): NetworkOutputs {
  const branch = (subspace: 'tumour' | 'microenvironment'): BranchOutputs => {
    const q = scoped(p, `${subspace}.`);
    const at = dropout && { ...dropout, prefix: `${subspace}.` };
    const v = encodeGenes(genes[subspace], q, at);
    const placed = placeBranch(P[subspace], v, q);
    return { v, vgrid: placed.vgrid, z: finishBranch(placed, q, positionBias, at) };
  };
  const tumour = branch('tumour');
  const microenvironment = branch('microenvironment');
  const logits = linear(concat([tumour.z, microenvironment.z], 1), p['head.weight']!, p['head.bias']);
  return { tumour, microenvironment, logits };
}
