import { add, concat, input, linear, matmul, mul, reshape, sub, transpose, type Value } from 'onnx-autodiff';
import type { PositionBias } from './attention.js';
import { encodeGenes, finishBranch, placeBranch, projectPatches } from './branch.js';
import type { Dropout } from './dropout.js';
import { scoped, type ParameterSpecs } from './parameters.js';
import { branchesOf, perBranch, WHOLE, type Branch, type NetworkParts, type PerBranch } from './parts.js';

/** Weights of the clinical covariates, which enter a network's logits last. */
export function covariateParameters(classes: number, covariates: number): ParameterSpecs {
  if (covariates === 0) return {};
  return { 'covariates.weight': { shape: [classes, covariates], start: { uniform: 1 / Math.sqrt(covariates) } } };
}

/** Late fusion: logits + c·Wᵀ, `[B, C]`, with covariates c `[B, K]`. */
export function withCovariates(logits: Value, c: Value, p: Readonly<Record<string, Value>>): Value {
  return add(logits, matmul(c, transpose(p['covariates.weight'], [1, 0])));
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

export type NetworkOutputs = PerBranch<BranchOutputs> & { readonly logits: Value }; // logits [B, C]

/** Parameters as inputs of a graph, by name. */
export function parameterInputs(specs: ParameterSpecs): Record<string, Value> {
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, input(name, shape)]));
}

/** The bag `X [B, N, width]` as each branch projects it: P of docs/method.md section 2, step 1. */
export function projections(
  X: Value,
  p: Readonly<Record<string, Value>>,
  parts: NetworkParts = WHOLE,
): PerBranch<Value> {
  return perBranch(branchesOf(parts), (branch) => projectPatches(X, scoped(p, `${branch}.`)));
}

/** The genes that a branch encodes, `[B, genes]`. */
function genesOf(branch: Branch, { tumour, microenvironment }: NetworkInputs['genes']): Value {
  return branch === 'joint' ? concat([tumour, microenvironment], 1) : { tumour, microenvironment }[branch];
}

/** Gene codes `[B, 128]` of these branches, without dropout. */
export function geneCodes(
  genes: NetworkInputs['genes'],
  p: Readonly<Record<string, Value>>,
  branches: readonly Branch[],
): PerBranch<Value> {
  return perBranch(branches, (branch) => encodeGenes(genesOf(branch, genes), scoped(p, `${branch}.`)));
}

/** x where the modality is present (1), the stand-in where it is not (0). */
function orStandIn(x: Value, present: Value, standIn: Value): Value {
  return add(mul(present, x), mul(sub(1, present), standIn));
}

/** Gene code v and projected patches P of one branch, with stand-ins where a modality is missing. */
export function branchInputs(
  { P, genes, present }: NetworkInputs,
  branch: Branch,
  p: Readonly<Record<string, Value>>,
  dropout?: Dropout,
): { P: Value; v: Value } {
  const v = encodeGenes(genesOf(branch, genes), p, dropout);
  if (!present) return { P: P[branch], v };
  return {
    P: orStandIn(P[branch], present.bag, reshape(p['standIn.patches'], [1, 1, -1])),
    v: orStandIn(v, present.genes, reshape(p['standIn.genes'], [1, -1])),
  };
}

/** The network of docs/method.md section 2 after the projections. Dropout acts where it is given. */
export function network(
  inputs: NetworkInputs,
  p: Readonly<Record<string, Value>>,
  positionBias: PositionBias,
  dropout?: Dropout,
  parts: NetworkParts = WHOLE,
): NetworkOutputs {
  const branches = branchesOf(parts);
  const outputs = perBranch(branches, (branch): BranchOutputs => {
    const q = scoped(p, `${branch}.`);
    const at = dropout && { ...dropout, prefix: `${branch}.` };
    const { P, v } = branchInputs(inputs, branch, q, at);
    const placed = placeBranch(P, v, q, parts);
    return { v, vgrid: placed.vgrid, z: finishBranch(placed, q, parts.positionBias ? positionBias : undefined, at) };
  });
  const z = branches.map((branch) => outputs[branch].z);
  const logits = linear(z.length === 1 ? z[0] : concat(z, 1), p['head.weight'], p['head.bias']);
  return { ...outputs, logits };
}
