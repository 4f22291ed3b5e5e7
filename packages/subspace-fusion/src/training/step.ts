import { add, gradients, input, mul, sum, type Value } from 'onnx-autodiff';
import type { Feeds, Sample } from '../inference/batch.js';
import { graphInputs, reads } from '../model/choice.js';
import type { DropoutSite } from '../model/dropout.js';
import type { Parameters } from '../model/layers.js';
import { rulesOf, TASK_LOSS, type BatchLabels } from '../model/outcomes.js';
import {
  branchEntries,
  branchesOf,
  gridSide,
  GROUPS,
  keySide,
  mapBranches,
  perBranch,
  WHOLE,
  WIDTH,
  type PerBranch,
} from '../model/parts.js';
import { peerGraph, PEERS, type PeerName } from '../model/peers/index.js';
import {
  accumulate,
  consistencyGraph,
  defaultMicroBatch,
  evenParts,
  isConsistent,
  learnGraph,
  placeGraph,
  projectGraph,
  rowsOf,
  stepPrograms,
  zerosLike,
  type MicroBatch,
  type StepOptions,
  type StepPrograms,
} from './step-programs.js';

export type { StepOptions } from './step-programs.js';

/** Losses and gradients of one batch. */
export interface Gradients {
  readonly task: number;
  /** Further loss of the network's own: half the sum of the consistency terms, or a peer's; 0 where there is none. */
  readonly auxiliary: number;
  readonly gradients: Parameters;
  readonly logits: Float32Array; // [B, C]
}

/** What the branches of the subspace network made of a batch. */
export interface BatchGradients extends Gradients {
  /** Consistency of each branch before the factor ½; 0 where the term is left out. */
  readonly consistency: PerBranch<number>;
  readonly z: PerBranch<Float32Array>; // [B, 128]
  readonly v: PerBranch<Float32Array>; // [B, 128]
  readonly vgrid: PerBranch<Float32Array>; // [B·8, 2, k, k]; zeros where attention is plain
}

/** A training step of some network. */
export interface Step<G extends Gradients = Gradients> {
  /**
   * Gradients of the loss over a whole batch, before coordination; exact for any micro-batch size.
   * `draw` tells dropout masks apart: the same seed and step give the same masks.
   */
  gradients(
    parameters: Parameters,
    batch: readonly Sample[],
    labels: BatchLabels,
    draw: { seed: number; step: number },
  ): Promise<G>;
  dispose(): Promise<void>;
}

/** What one branch makes of a whole batch, a row a sample, and the gradients of the consistency term at it. */
interface BranchArrays {
  readonly P: Float32Array; // [B, N, 128]
  readonly v: Float32Array; // [B, 128]
  readonly vgrid: Float32Array; // [B·8, 2, k, k]
  readonly dv: Float32Array; // as v, zeros without the term
  readonly dvgrid: Float32Array; // as vgrid
  readonly z: Float32Array; // [B, 128]
}

/** A batch on its way through the passes. */
interface Pass {
  readonly programs: StepPrograms;
  readonly parameters: Parameters;
  readonly batch: readonly Sample[];
  readonly microBatches: readonly MicroBatch[];
  readonly arrays: PerBranch<BranchArrays>;
}

/**
 * A training step of the subspace network by exact micro-batches, for L = task + ½·Σ consistency. What couples the samples of a
 * batch is (1) the consistency loss, (2) the normaliser of the task loss, known from the labels, and (3) the coordination, which
 * comes after. So four passes:
 *
 * 1. `project` computes P of every sample, which is kept;
 * 2. `place` the gene codes and key positions of all samples, cheaply;
 * 3. `couple` takes those of the whole batch and gives the consistency loss with its gradients at them;
 * 4. `learn` takes each micro-batch once, forward and backward, with those gradients fed in.
 */
export function createStep(options: StepOptions): Step<BatchGradients> {
  const { size, tokens, backend, parts = WHOLE, observe = () => undefined } = options;
  const { microBatch = defaultMicroBatch(tokens) } = options;
  const keys = GROUPS * 2 * keySide(gridSide(tokens)) ** 2;
  const graphs = {
    project: (B: number) => projectGraph(options, B),
    place: placeGraph.bind(undefined, options),
    learn: learnGraph.bind(undefined, options),
    consistency: (B: number) => consistencyGraph(options, B),
  };
  const programs = stepPrograms(graphs, backend, observe);

  return {
    async gradients(parameters, batch, labels, draw) {
      const B = batch.length;
      const arrays = perBranch(branchesOf(parts), (branch): BranchArrays => ({
        P: programs.array(`P.${branch}`, B * tokens * WIDTH),
        v: new Float32Array(B * WIDTH),
        vgrid: new Float32Array(B * keys),
        dv: new Float32Array(B * WIDTH),
        dvgrid: new Float32Array(B * keys),
        z: new Float32Array(B * WIDTH),
      }));
      const microBatches = evenParts(B, microBatch).map(([from, to]) => ({
        samples: batch.slice(from, to),
        from,
        draw,
      }));
      const pass = { programs, parameters, batch, microBatches, arrays };

      await project(pass);
      if (isConsistent(options)) await place(pass);
      const consistency = isConsistent(options) ? await couple(pass) : mapBranches(arrays, () => 0);
      const learned = await learn(pass, rulesOf(labels).lossInputs(size.classes), size.classes, observe);
      return {
        ...learned,
        auxiliary: branchEntries(consistency).reduce((sum, [, term]) => sum + term / 2, 0),
        consistency,
        z: mapBranches(arrays, ({ z }) => z),
        v: mapBranches(arrays, ({ v }) => v),
        vgrid: mapBranches(arrays, ({ vgrid }) => vgrid),
      };
    },
    dispose: () => programs.dispose(),
  };
}

/** The rows of a batch's array that are about a micro-batch. */
function rowsOfPart(array: Float32Array, { batch }: Pass, { from, samples }: MicroBatch): Float32Array {
  return rowsOf(array, batch.length, from, from + samples.length);
}

/** Pass 1: P of every sample. */
async function project(pass: Pass): Promise<void> {
  for (const part of pass.microBatches) {
    const projected = await pass.programs.run('project', part, pass.parameters);
    for (const [branch, { P }] of branchEntries(pass.arrays)) rowsOfPart(P, pass, part).set(projected[`P.${branch}`]);
  }
}

/** Pass 2: gene codes v and key positions of every sample. */
async function place(pass: Pass): Promise<void> {
  const branches = branchEntries(pass.arrays);
  for (const part of pass.microBatches) {
    const P = Object.fromEntries(branches.map(([branch, { P }]) => [`P.${branch}`, rowsOfPart(P, pass, part)]));
    const placed = await pass.programs.run('place', part, pass.parameters, P);
    for (const [branch, { v, vgrid }] of branches) {
      rowsOfPart(v, pass, part).set(placed[`v.${branch}`]);
      rowsOfPart(vgrid, pass, part).set(placed[`vgrid.${branch}`]);
    }
  }
}

/** Pass 3: the consistency loss of each branch; its gradients go into `dv` and `dvgrid`. */
async function couple({ programs, batch, arrays }: Pass): Promise<PerBranch<number>> {
  // Where a stand-in takes the place of genes or slides, there is nothing for them to agree with.
  const complete = batch.flatMap(({ bag, genes }, i) => (bag && genes ? [i] : []));
  const terms = new Map<string, number>();
  for (const [branch, own] of branchEntries(arrays)) terms.set(branch, await coupleBranch(programs, complete, own));
  return mapBranches(arrays, (_, branch) => terms.get(branch) ?? 0);
}

/** One branch over these samples of the batch. A sample alone has no partner: the term is left out. */
async function coupleBranch(
  programs: StepPrograms,
  samples: readonly number[],
  { v, vgrid, dv, dvgrid }: BranchArrays,
): Promise<number> {
  const n = samples.length;
  if (n < 2) return 0;
  const B = v.length / WIDTH;
  const row = (array: Float32Array, i: number) => rowsOf(array, B, i, i + 1);
  const taken = (array: Float32Array) => {
    const rows = new Float32Array((array.length / B) * n);
    samples.forEach((i, at) => {
      rowsOf(rows, n, at, at + 1).set(row(array, i));
    });
    return rows;
  };
  const out = await programs.runOn('consistency', n, { v: taken(v), vgrid: taken(vgrid) });
  samples.forEach((i, at) => {
    row(dv, i).set(rowsOf(out['dv'], n, at, at + 1));
    row(dvgrid, i).set(rowsOf(out['dvgrid'], n, at, at + 1));
  });
  return out['loss'][0];
}

/** Pass 4: task loss and the gradients of the whole loss, summed over the micro-batches; v, z and vgrid are those that it saw. */
async function learn(
  pass: Pass,
  shares: Readonly<Record<string, Float32Array>>,
  C: number,
  observe: (stage: string, seconds: number) => void,
): Promise<Pick<Gradients, 'task' | 'logits' | 'gradients'>> {
  const branches = branchEntries(pass.arrays);
  const gradients = zerosLike(pass.parameters);
  const logits = new Float32Array(pass.batch.length * C);
  let task = 0;
  for (const part of pass.microBatches) {
    const rows = (array: Float32Array) => rowsOfPart(array, pass, part);
    const others: Feeds = Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, rows(share)]));
    for (const [branch, { P, dv, dvgrid }] of branches) {
      others[`P.${branch}`] = rows(P);
      others[`dv.${branch}`] = rows(dv);
      others[`dvgrid.${branch}`] = rows(dvgrid);
    }
    const out = await pass.programs.run('learn', part, pass.parameters, others);
    const started = performance.now();
    task += out['task'][0];
    rows(logits).set(out['logits']);
    for (const [branch, { v, vgrid, z }] of branches) {
      rows(v).set(out[`v.${branch}`]);
      rows(z).set(out[`z.${branch}`]);
      if (`vgrid.${branch}` in out) rows(vgrid).set(out[`vgrid.${branch}`]);
    }
    for (const [name, sum] of Object.entries(gradients)) accumulate(sum, out[`d.${name}`]);
    observe('sum of gradients', (performance.now() - started) / 1000);
  }
  return { task, logits, gradients };
}

export type PeerStepOptions = Omit<StepOptions, 'parts' | 'consistency'> & { readonly peer: PeerName };

/** A training step of a peer: nothing but the normaliser of the losses couples its samples, so micro-batches only add up. */
export function createPeerStep(options: PeerStepOptions): Step {
  const { size, tokens, peer, backend, observe = () => undefined } = options;
  const ofTokens = reads({ name: peer }).bag ? defaultMicroBatch(tokens) : Infinity;
  const { microBatch = PEERS[peer].microBatch ?? ofTokens } = options;
  const programs = stepPrograms({ learn: (B, sites) => peerLearnGraph(options, B, sites) }, backend, observe);
  return {
    async gradients(parameters, batch, labels, draw) {
      const B = batch.length;
      const C = size.classes;
      const total = zerosLike(parameters);
      const logits = new Float32Array(B * C);
      const shares = Object.entries({ ...rulesOf(labels).lossInputs(C), share: new Float32Array(B).fill(1 / B) });
      let task = 0;
      let auxiliary = 0;
      for (const [from, to] of evenParts(B, Math.min(microBatch, B))) {
        const others: Feeds = Object.fromEntries(shares.map(([name, share]) => [name, rowsOf(share, B, from, to)]));
        const out = await programs.run('learn', { samples: batch.slice(from, to), from, draw }, parameters, others);
        task += out['task'][0];
        if ('auxiliary' in out) auxiliary += out['auxiliary'][0];
        rowsOf(logits, B, from, to).set(out['logits']);
        for (const [name, sum] of Object.entries(total)) accumulate(sum, out[`d.${name}`]);
      }
      return { task, auxiliary, gradients: total, logits };
    },
    dispose: () => programs.dispose(),
  };
}

/** Forward and backward pass of a peer: task loss, and its own further loss by the samples' share of the mean. */
function peerLearnGraph(
  { peer, size, tokens, task: kind, dropout }: PeerStepOptions,
  B: number,
  sites: DropoutSite[],
): Record<string, Value> {
  const inputs = graphInputs({ name: peer }, size, tokens, B);
  // A peer's sites have rates of their own; a rate of 0 turns them all off.
  const own = peerGraph(peer, size, inputs, dropout > 0 ? { rate: dropout, sites, prefix: '' } : undefined);
  const { logits, parameters } = own;
  const task = TASK_LOSS[kind](logits);
  const auxiliary = own.auxiliary && sum(mul(own.auxiliary, input('share', [B])));
  const values = parameters.map(([, value]) => value);
  const d = gradients(auxiliary ? add(task, auxiliary) : task, values);
  return {
    task,
    logits,
    ...(auxiliary ? { auxiliary } : {}),
    ...Object.fromEntries(parameters.map(([name], i) => [`d.${name}`, d[i]])),
  };
}
