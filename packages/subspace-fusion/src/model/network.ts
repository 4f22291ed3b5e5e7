import { add, concat, matmul, mul, reshape, sub, transpose, type Value } from 'onnx-autodiff';
import type { PositionBias } from './attention.js';
import { branchLayers, encodeGenes, finishBranch, placeBranch, projectPatches, type BranchLayers } from './branch.js';
import { within, type Dropout } from './dropout.js';
import {
  linear,
  linearLayer,
  named,
  weightOnly,
  type NetworkSize,
  type ParameterSpec,
  type ParameterSpecs,
  type Values,
  type WeightOnly,
} from './layers.js';
import {
  branchEntries,
  branchesOf,
  mapBranches,
  ofBranch,
  perBranch,
  WHOLE,
  WIDTH,
  type Branch,
  type NetworkParts,
  type PerBranch,
} from './parts.js';

/** The parameters of the network, of its branches and of its head. */
export type NetworkLayers = Values<ReturnType<typeof networkLayers>>;

/** The layers of the network of docs/method.md section 2, in the order of its checkpoints. */
export function networkLayers(size: NetworkSize, parts: NetworkParts = WHOLE) {
  const { patchWidth, genes, classes } = size;
  const genesOf = { ...genes, joint: genes.tumour + genes.microenvironment };
  const branches = branchesOf(parts);
  return {
    ...perBranch(branches, (branch) => branchLayers(genesOf[branch], patchWidth, parts)),
    head: linearLayer(branches.length * WIDTH, classes),
    covariates: covariateLayer(size),
  };
}

/** All parameters of the network by name. */
export function networkParameters(size: NetworkSize, parts: NetworkParts = WHOLE): ParameterSpecs {
  return Object.fromEntries(named<ParameterSpec>(networkLayers(size, parts)));
}

/** Weights of the clinical covariates, which enter the logits of any network last. */
export function covariateLayer({ classes, covariates = 0 }: NetworkSize): WeightOnly<ParameterSpec> | undefined {
  return covariates > 0 ? weightOnly([classes, covariates], covariates) : undefined;
}

/** Late fusion: logits + c·Wᵀ, `[B, C]`, with covariates c `[B, K]`; the logits as they are where a network has none. */
export function withCovariates(logits: Value, c: Value | undefined, layer: WeightOnly | undefined): Value {
  if (c === undefined) return logits;
  if (layer === undefined) throw new Error('the network has no weights for covariates');
  return add(logits, matmul(c, transpose(layer.weight, [1, 0])));
}

/** What a network reads: a bag, as each branch projects it, and two gene vectors a sample. */
export interface NetworkInputs {
  readonly P: PerBranch<Value>; // [B, N, 128], see `projections`
  readonly genes: { readonly tumour: Value; readonly microenvironment: Value }; // [B, genes]
  /** 1 where a sample has the modality, 0 where a stand-in takes its place: `bag [B, 1, 1]`, `genes [B, 1]`. For networks with stand-ins. */
  readonly present?: { readonly bag: Value; readonly genes: Value } | undefined;
}

/** What becomes of a sample in one branch. */
export interface BranchOutputs {
  readonly v: Value; // gene code [B, 128]
  /** Key positions `[B·8, 2, k, k]`; plain attention has none. */
  readonly vgrid: Value | undefined;
  readonly z: Value; // feature [B, 128]
}

export interface NetworkOutputs {
  readonly branches: PerBranch<BranchOutputs>;
  readonly logits: Value; // [B, C]
}

/** The bag `X [B, N, width]` as each branch projects it: P of docs/method.md section 2, step 1. */
export function projections(X: Value, p: NetworkLayers): PerBranch<Value> {
  return mapBranches<BranchLayers, Value>(p, (layers) => projectPatches(X, layers));
}

/** The genes that a branch encodes, `[B, genes]`. */
function genesOf(branch: Branch, { tumour, microenvironment }: NetworkInputs['genes']): Value {
  return branch === 'joint' ? concat([tumour, microenvironment], 1) : { tumour, microenvironment }[branch];
}

/** Gene codes `[B, 128]` of each branch, without dropout. */
export function geneCodes(genes: NetworkInputs['genes'], p: NetworkLayers): PerBranch<Value> {
  return mapBranches<BranchLayers, Value>(p, (layers, branch) => encodeGenes(genesOf(branch, genes), layers));
}

/** x where the modality is present (1), the stand-in where it is not (0). */
function orStandIn(x: Value, present: Value, standIn: Value): Value {
  return add(mul(present, x), mul(sub(1, present), standIn));
}

/** Gene code v and projected patches P of one branch, with stand-ins where a modality is missing. */
export function branchInputs(
  inputs: NetworkInputs,
  branch: Branch,
  p: BranchLayers,
  dropout?: Dropout,
): { P: Value; v: Value } {
  const P = ofBranch(inputs.P, branch);
  const v = encodeGenes(genesOf(branch, inputs.genes), p, dropout);
  if (!p.standIn) return { P, v };
  if (!inputs.present) throw new Error('a network with stand-ins reads which modalities are present');
  return {
    P: orStandIn(P, inputs.present.bag, reshape(p.standIn.patches, [1, 1, -1])),
    v: orStandIn(v, inputs.present.genes, reshape(p.standIn.genes, [1, -1])),
  };
}

/** The network of docs/method.md section 2 after the projections, before covariates. Dropout acts where it is given. */
export function network(
  inputs: NetworkInputs,
  p: NetworkLayers,
  positionBias: PositionBias,
  dropout?: Dropout,
): NetworkOutputs {
  const branches = mapBranches<BranchLayers, BranchOutputs>(p, (layers, branch) => {
    const at = within(dropout, branch);
    const { P, v } = branchInputs(inputs, branch, layers, at);
    const placed = placeBranch(P, v, layers);
    return { v, vgrid: placed.vgrid, z: finishBranch(placed, layers, positionBias, at) };
  });
  const z = branchEntries(branches).map(([, { z }]) => z);
  return { branches, logits: linear(z.length === 1 ? z[0] : concat(z, 1), p.head) };
}
