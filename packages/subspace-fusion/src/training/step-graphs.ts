import { add, gemm, gradients, greater, input, mul, reshape, sum, where, type Value } from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { placeBranch, type BranchLayers } from '../model/branch.js';
import { graphInputs, type GraphInputs, type NetworkChoice } from '../model/choice.js';
import { consistency, type ConsistencyForm } from '../model/consistency.js';
import { within, type DropoutSite } from '../model/dropout.js';
import { named, parameterInputs } from '../model/layers.js';
import {
  branchInputs,
  network,
  networkLayers,
  projections,
  withCovariates,
  type NetworkInputs,
  type NetworkLayers,
} from '../model/network.js';
import { TASK_LOSS, type BatchLabels } from '../model/outcomes.js';
import type { NetworkSize } from '../model/parameters.js';
import {
  branchEntries,
  branchesOf,
  gridSide,
  GROUPS,
  keySide,
  ofBranch,
  perBranch,
  WHOLE,
  WIDTH,
  type Branch,
  type NetworkParts,
} from '../model/parts.js';

/** What decides the graphs of a training step. */
export interface StepOptions {
  readonly size: NetworkSize;
  /** Tokens of a bag, N = s². */
  readonly tokens: number;
  readonly task: BatchLabels['kind'];
  /** Default: the network of the paper. */
  readonly parts?: NetworkParts;
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

function choiceOf({ parts = WHOLE }: StepOptions): NetworkChoice & { name: 'subspace' } {
  return { name: 'subspace', parts };
}

/** The network's parameters as inputs. */
function parametersOf(options: StepOptions): NetworkLayers {
  return parameterInputs(networkLayers(options.size, choiceOf(options).parts));
}

/** Whether the network has key positions for the consistency term to compare. */
export function isConsistent({ consistency, parts = WHOLE }: StepOptions): boolean {
  return consistency !== 'none' && parts.attention === 'deformable';
}

/** The inputs of a graph; P of each branch is computed by `project` and fed to the graphs after it. */
function inputsOf(options: StepOptions, B: number): NetworkInputs & Pick<GraphInputs, 'X' | 'covariates'> {
  const { X, genes, covariates, present } = graphInputs(choiceOf(options), options.size, options.tokens, B);
  const P = perBranch(branchesOf(choiceOf(options).parts), (branch) =>
    input(`P.${branch}`, [B, options.tokens, WIDTH]),
  );
  return { X, P, genes, covariates, present };
}

/** The patch projections P. */
export function projectGraph(options: StepOptions, B: number): Graph {
  const P = projections(inputsOf(options, B).X, parametersOf(options));
  return Object.fromEntries(branchEntries(P).map(([branch, P]) => [`P.${branch}`, P]));
}

/** Gene codes and key positions. */
export function placeGraph(options: StepOptions, B: number, sites: DropoutSite[]): Graph {
  const inputs = inputsOf(options, B);
  const dropout = { rate: options.dropout, sites, prefix: '' };
  const outputs: Graph = {};
  for (const [branch, layers] of branchEntries<BranchLayers>(parametersOf(options))) {
    const { P, v } = branchInputs(inputs, branch, layers, within(dropout, branch));
    const { vgrid } = placeBranch(P, v, layers);
    if (!vgrid) throw new Error('plain attention places no keys');
    outputs[`v.${branch}`] = v;
    outputs[`vgrid.${branch}`] = vgrid;
  }
  return outputs;
}

/** The consistency loss of one branch over the whole batch, and the gradients of ½ of it. */
export function consistencyGraph(options: StepOptions, B: number): Graph {
  if (options.consistency === 'none') throw new Error('there is no consistency term');
  const k = keySide(gridSide(options.tokens));
  const v = input('v', [B, WIDTH]);
  const vgrid = input('vgrid', [B * GROUPS, 2, k, k]);
  const loss = consistency(v, vgrid, options.consistency);
  const [dv, dvgrid] = gradients(mul(loss, 0.5), [v, vgrid]);
  return { loss, dv, dvgrid };
}

/** Whole forward and backward pass from P on, and back to the projections' parameters. The gradients of the consistency term come in as dv and dvgrid. */
export function learnGraph(options: StepOptions, B: number, sites: DropoutSite[]): Graph {
  const p = parametersOf(options);
  const inputs = inputsOf(options, B);
  const out = network(inputs, p, options.backend.positionBias, { rate: options.dropout, sites, prefix: '' });
  const logits = withCovariates(out.logits, inputs.covariates, p.covariates);
  const task = TASK_LOSS[options.task](logits);
  const branches = branchEntries(out.branches);
  let loss = task;
  for (const [branch, { v, vgrid }] of isConsistent(options) ? branches : []) {
    // d(Σ v·dv)/dv = dv: the sum carries the given gradient into the graph.
    const carry = (x: Value, name: string) => sum(mul(x, input(name, x.shape)));
    loss = add(loss, carry(v, `dv.${branch}`));
    if (vgrid) loss = add(loss, carry(vgrid, `dvgrid.${branch}`));
  }
  const P = branches.map(([branch]) => ofBranch(inputs.P, branch));
  const parameters = named<Value>(p);
  const d = gradients(loss, [...P, ...parameters.map(([, value]) => value)]);
  const dP = d.slice(0, P.length);
  return {
    task,
    logits,
    ...Object.fromEntries(
      branches.flatMap(([branch, { v, vgrid, z }]): [string, Value][] => [
        [`v.${branch}`, v],
        [`z.${branch}`, z],
        ...(vgrid ? [[`vgrid.${branch}`, vgrid] satisfies [string, Value]] : []),
      ]),
    ),
    ...Object.fromEntries(parameters.map(([name], i) => [`d.${name}`, d[P.length + i]])),
    ...Object.fromEntries(branches.flatMap(([branch], i) => projectionGradients(branch, inputs.X, P[i], dP[i]))),
  };
}

/** The backward pass of P = ReLU(X·Wᵀ + b): with e = dP·[P > 0], dW = eᵀ·X and db = Σ e. */
function projectionGradients(branch: Branch, X: Value, P: Value, dP: Value): [string, Value][] {
  const rows = (x: Value) => reshape(x, [-1, x.shape[2]]);
  const e = rows(where(greater(P, 0), dP, 0)); // [B·N, 128]
  return [
    [`d.${branch}.patches.weight`, gemm(e, rows(X), { transA: true })],
    [`d.${branch}.patches.bias`, sum(e, [0])],
  ];
}
