import { add, gemm, gradients, greater, input, mul, reshape, sum, where, type Value } from 'onnx-autodiff';
import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { placeBranch } from '../model/branch.js';
import type { Dropout } from '../model/dropout.js';
import { encodeGenes } from '../model/gene-encoder.js';
import { network, parameterInputs, projections } from '../model/network.js';
import { networkParameters, scoped, type NetworkSize } from '../model/parameters.js';
import { GROUPS, gridSide, keySide, WIDTH } from '../model/widths.js';
import { consistency, crossEntropy, hazards, survivalLikelihood, type ConsistencyForm } from '../objective/index.js';
import type { Backend } from './backend.js';

export type PerSubspace<T> = Record<Subspace, T>;

/** What decides the graphs of a training step. */
export interface StepOptions {
  readonly size: NetworkSize;
  /** Tokens of a bag, N = s². */
  readonly tokens: number;
  readonly task: 'classes' | 'survival';
  readonly consistency: ConsistencyForm | 'none';
  readonly dropout: number;
  /** Samples that go through the network at once; default: as many as have 2,500 tokens. The gradients do not depend on it; memory does. */
  readonly microBatch?: number | undefined;
  readonly backend: Backend;
  /** Told how long each stage of a step took. */
  readonly observe?: (stage: string, seconds: number) => void;
}

/** The graphs of a training step, each for B samples. `step.ts` says how they work together. */
type Graph = Record<string, Value>;

function bag({ size, tokens }: StepOptions, B: number): Value {
  return input('X', [B, tokens, size.patchWidth]);
}

/** P of each subspace, computed by `project` and fed to the graphs after it, and the genes. */
function networkInputs({ size, tokens }: StepOptions, B: number) {
  const projected = (subspace: string) => input(`P.${subspace}`, [B, tokens, WIDTH]);
  return {
    P: { tumour: projected('tumour'), microenvironment: projected('microenvironment') },
    genes: {
      tumour: input('x.tumour', [B, size.genes.tumour]),
      microenvironment: input('x.microenvironment', [B, size.genes.microenvironment]),
    },
  };
}

/** The patch projections P. */
export function projectGraph(options: StepOptions, B: number): Graph {
  const P = projections(bag(options, B), parameterInputs(networkParameters(options.size)));
  return { 'P.tumour': P.tumour, 'P.microenvironment': P.microenvironment };
}

/** Gene codes and key positions. */
export function placeGraph(options: StepOptions, B: number): Graph {
  const { P, genes } = networkInputs(options, B);
  const p = parameterInputs(networkParameters(options.size));
  const outputs: Graph = {};
  for (const subspace of SUBSPACES) {
    const q = scoped(p, `${subspace}.`);
    const v = encodeGenes(genes[subspace], q, { rate: options.dropout, sites: [], prefix: `${subspace}.` });
    outputs[`v.${subspace}`] = v;
    outputs[`vgrid.${subspace}`] = placeBranch(P[subspace], v, q).vgrid;
  }
  return outputs;
}

/** The consistency loss of one subspace over the whole batch, and the gradients of ½ of it. */
export function consistencyGraph(options: StepOptions, B: number): Graph {
  if (options.consistency === 'none') throw new Error('there is no consistency term');
  const k = keySide(gridSide(options.tokens));
  const v = input('v', [B, WIDTH]);
  const vgrid = input('vgrid', [B * GROUPS, 2, k, k]);
  const loss = consistency(v, vgrid, options.consistency);
  const [dv, dvgrid] = gradients(mul(loss, 0.5), [v, vgrid]);
  return { loss, dv: dv!, dvgrid: dvgrid! };
}

/** Whole forward and backward pass from P on, and back to the projections' parameters. The gradients of the consistency term come in as dv and dvgrid. */
export function learnGraph(options: StepOptions, B: number): Graph {
  const p = parameterInputs(networkParameters(options.size));
  const dropout: Dropout = { rate: options.dropout, sites: [], prefix: '' };
  const inputs = networkInputs(options, B);
  const out = network(inputs, p, options.backend.positionBias, dropout);
  const task = options.task === 'classes' ? crossEntropy(out.logits).loss : survivalLikelihood(hazards(out.logits));
  let loss = task;
  for (const subspace of options.consistency === 'none' ? [] : SUBSPACES) {
    const { v, vgrid } = out[subspace];
    // d(Σ v·dv)/dv = dv: the sum carries the given gradient into the graph.
    loss = add(loss, sum(mul(v, input(`dv.${subspace}`, v.shape))));
    loss = add(loss, sum(mul(vgrid, input(`dvgrid.${subspace}`, vgrid.shape))));
  }
  const { tumour, microenvironment } = inputs.P;
  const [dTumour, dMicroenvironment, ...d] = gradients(loss, [tumour, microenvironment, ...Object.values(p)]);
  const X = bag(options, B);
  return {
    task,
    logits: out.logits,
    ...Object.fromEntries(SUBSPACES.flatMap((s) => (['v', 'vgrid', 'z'] as const).map((name) => [`${name}.${s}`, out[s][name]]))),
    ...Object.fromEntries(Object.keys(p).map((name, i) => [`d.${name}`, d[i]!])),
    ...projectionGradients('tumour', X, tumour, dTumour!),
    ...projectionGradients('microenvironment', X, microenvironment, dMicroenvironment!),
  };
}

/** The backward pass of P = ReLU(X·Wᵀ + b): with e = dP·[P > 0], dW = eᵀ·X and db = Σ e. */
function projectionGradients(subspace: string, X: Value, P: Value, dP: Value): Graph {
  const rows = (x: Value) => reshape(x, [-1, x.shape[2]!]);
  const e = rows(where(greater(P, 0), dP, 0)); // [B·N, 128]
  return {
    [`d.${subspace}.patches.weight`]: gemm(e, rows(X), { transA: true }),
    [`d.${subspace}.patches.bias`]: sum(e, [0]),
  };
}
