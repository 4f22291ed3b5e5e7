import { add, compile, gradients, input, mul, sizeOf, sum, type Program, type TensorData, type Value } from 'onnx-autodiff';
import { placeBranch } from '../model/branch.js';
import type { Dropout } from '../model/dropout.js';
import { encodeGenes } from '../model/gene-encoder.js';
import { network, parameterInputs, type NetworkInputs } from '../model/network.js';
import { networkParameters, scoped, type NetworkSize, type Parameters } from '../model/parameters.js';
import { GROUPS, gridSide, keySide, WIDTH } from '../model/widths.js';
import { consistency, crossEntropy, hazards, survivalLikelihood, type ConsistencyForm } from '../objective/index.js';
import { key } from '../random/counter.js';
import type { Backend } from './backend.js';
import { lossInputs, type BatchLabels, type Sample } from './batch.js';

const SUBSPACES = ['tumour', 'microenvironment'] as const;
type PerSubspace<T> = Record<(typeof SUBSPACES)[number], T>;

/** What decides the graphs of a training step. */
export interface StepOptions {
  readonly size: NetworkSize;
  /** Tokens of a bag, N = s². */
  readonly tokens: number;
  readonly task: 'classes' | 'survival';
  readonly consistency: ConsistencyForm | 'none';
  readonly dropout: number;
  /** Samples that go through the network at once. The gradients do not depend on it; memory does. */
  readonly microBatch: number;
  readonly backend: Backend;
}

/** Losses, gradients and features of one batch. */
export interface BatchGradients {
  readonly task: number;
  /** Consistency of each subspace before the factor ½; 0 where the term is left out. */
  readonly consistency: PerSubspace<number>;
  readonly gradients: Parameters;
  readonly logits: Float32Array; // [B, C]
  readonly z: PerSubspace<Float32Array>; // [B, 128]
  readonly v: PerSubspace<Float32Array>; // [B, 128]; empty where the consistency term is left out
  readonly vgrid: PerSubspace<Float32Array>; // [B·8, 2, k, k]; likewise
}

export interface Step {
  /**
   * Gradients of L = task + ½·Σ consistency over a whole batch, before coordination; exact for any micro-batch size.
   * `draw` tells dropout masks apart: the same seed and step give the same masks.
   */
  gradients(parameters: Parameters, batch: readonly Sample[], labels: BatchLabels, draw: { seed: number; step: number }): Promise<BatchGradients>;
  dispose(): Promise<void>;
}

/**
 * A training step by exact micro-batches. What couples the samples of a batch is (1) the consistency loss, (2) the
 * normaliser of the task loss, known from the labels, and (3) the coordination, which comes after. So:
 * `place` computes gene codes and key positions of all samples, cheaply; `consistency` takes the whole batch of those and
 * gives its gradients with respect to them; `learn` takes each micro-batch once, forward and backward, with those fed in.
 */
export function createStep(options: StepOptions): Step {
  const { size, tokens, microBatch } = options;
  const k = keySide(gridSide(tokens));
  const vgridSize = GROUPS * 2 * k * k;
  const programs = new Map<string, Promise<Program>>(); // by kind and number of samples; the last batch may be smaller
  const graphs = { place: placeGraph, learn: learnGraph, consistency: consistencyGraph };
  const program = (kind: keyof typeof graphs, samples: number) => {
    const id = `${kind}-${samples}`;
    if (!programs.has(id)) programs.set(id, compile(graphs[kind](options, samples), options.backend));
    return programs.get(id)!;
  };
  const masks = new Map<string, Float32Array>();

  /** Inputs of `place` and `learn` for samples `from` … `to` of the batch, those that the program asks for. */
  async function feedsFor(inputs: Program['inputs'], parameters: Parameters, batch: readonly Sample[], from: number, to: number, seed: number, step: number) {
    const part = batch.slice(from, to);
    const feeds: Record<string, TensorData> = {};
    for (const [name, shape] of Object.entries(inputs)) {
      if (name in parameters) feeds[name] = parameters[name]!;
      if (name.startsWith('dropout.')) {
        const id = `${name}-${part.length}`;
        const mask = masks.get(id) ?? new Float32Array(sizeOf(shape));
        masks.set(id, mask);
        const each = mask.length / part.length;
        for (let i = 0; i < part.length; i++) {
          await options.backend.fillMask(mask.subarray(i * each, (i + 1) * each), key(seed, step, from + i, name), options.dropout);
        }
        feeds[name] = mask;
      }
    }
    feeds['X'] = joined(part.map((s) => s.bag));
    for (const subspace of SUBSPACES) feeds[`x.${subspace}`] = joined(part.map((s) => s.genes[subspace]));
    return feeds;
  }

  return {
    async gradients(parameters, batch, labels, { seed, step }) {
      const B = batch.length;
      const C = size.classes;
      const coupled = options.consistency !== 'none' && B > 1; // a batch of one has no partner
      const parts = Array.from({ length: Math.ceil(B / microBatch) }, (_, i) => [i * microBatch, Math.min(B, (i + 1) * microBatch)] as const);
      const v = bothSubspaces(() => new Float32Array(coupled ? B * WIDTH : 0));
      const vgrid = bothSubspaces(() => new Float32Array(coupled ? B * vgridSize : 0));
      const dv = bothSubspaces(() => new Float32Array(B * WIDTH));
      const dvgrid = bothSubspaces(() => new Float32Array(B * vgridSize));
      const terms = { tumour: 0, microenvironment: 0 };

      if (coupled) {
        for (const [from, to] of parts) {
          const place = await program('place', to - from);
          const out = await place.run(await feedsFor(place.inputs, parameters, batch, from, to, seed, step));
          for (const subspace of SUBSPACES) {
            v[subspace].set(out[`v.${subspace}`]!, from * WIDTH);
            vgrid[subspace].set(out[`vgrid.${subspace}`]!, from * vgridSize);
          }
        }
        const term = await program('consistency', B);
        for (const subspace of SUBSPACES) {
          const out = await term.run({ v: v[subspace], vgrid: vgrid[subspace] });
          terms[subspace] = out['loss']![0]!;
          dv[subspace].set(out['dv']!);
          dvgrid[subspace].set(out['dvgrid']!);
        }
      }

      const total: Parameters = Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, new Float32Array(p.length)]));
      const logits = new Float32Array(B * C);
      const z = bothSubspaces(() => new Float32Array(B * WIDTH));
      const shares = lossInputs(labels, C);
      let task = 0;
      for (const [from, to] of parts) {
        const learn = await program('learn', to - from);
        const feeds = await feedsFor(learn.inputs, parameters, batch, from, to, seed, step);
        for (const [name, share] of Object.entries(shares)) feeds[name] = share.subarray(from * C, to * C);
        for (const subspace of coupledSubspaces(options)) {
          feeds[`dv.${subspace}`] = dv[subspace].subarray(from * WIDTH, to * WIDTH);
          feeds[`dvgrid.${subspace}`] = dvgrid[subspace].subarray(from * vgridSize, to * vgridSize);
        }
        const out = await learn.run(feeds);
        task += out['task']![0]!;
        logits.set(out['logits']!, from * C);
        for (const subspace of SUBSPACES) z[subspace].set(out[`z.${subspace}`]!, from * WIDTH);
        for (const [name, sum] of Object.entries(total)) accumulate(sum, out[`d.${name}`]!);
      }
      return { task, consistency: terms, gradients: total, logits, z, v, vgrid };
    },
    async dispose() {
      for (const p of programs.values()) await (await p).dispose();
    },
  };
}

function coupledSubspaces(options: StepOptions): readonly (typeof SUBSPACES)[number][] {
  return options.consistency === 'none' ? [] : SUBSPACES;
}

function bothSubspaces<T>(make: () => T): PerSubspace<T> {
  return { tumour: make(), microenvironment: make() };
}

function networkInputs({ size, tokens }: StepOptions, B: number): NetworkInputs {
  return {
    X: input('X', [B, tokens, size.patchWidth]),
    genes: {
      tumour: input('x.tumour', [B, size.genes.tumour]),
      microenvironment: input('x.microenvironment', [B, size.genes.microenvironment]),
    },
  };
}

/** Gene codes and key positions of B samples. */
function placeGraph(options: StepOptions, B: number): Record<string, Value> {
  const { X, genes } = networkInputs(options, B);
  const p = parameterInputs(networkParameters(options.size));
  const outputs: Record<string, Value> = {};
  for (const subspace of SUBSPACES) {
    const q = scoped(p, `${subspace}.`);
    const v = encodeGenes(genes[subspace], q, { rate: options.dropout, sites: [], prefix: `${subspace}.` });
    outputs[`v.${subspace}`] = v;
    outputs[`vgrid.${subspace}`] = placeBranch(X, v, q).vgrid;
  }
  return outputs;
}

/** The consistency loss of one subspace over B samples, and the gradients of ½ of it. */
function consistencyGraph(options: StepOptions, B: number): Record<string, Value> {
  if (options.consistency === 'none') throw new Error('there is no consistency term');
  const k = keySide(gridSide(options.tokens));
  const v = input('v', [B, WIDTH]);
  const vgrid = input('vgrid', [B * GROUPS, 2, k, k]);
  const loss = consistency(v, vgrid, options.consistency);
  const [dv, dvgrid] = gradients(mul(loss, 0.5), [v, vgrid]);
  return { loss, dv: dv!, dvgrid: dvgrid! };
}

/** Whole forward and backward pass of B samples. The gradients of the consistency term come in as dv and dvgrid. */
function learnGraph(options: StepOptions, B: number): Record<string, Value> {
  const p = parameterInputs(networkParameters(options.size));
  const dropout: Dropout = { rate: options.dropout, sites: [], prefix: '' };
  const out = network(networkInputs(options, B), p, options.backend.positionBias, dropout);
  const task = options.task === 'classes' ? crossEntropy(out.logits).loss : survivalLikelihood(hazards(out.logits));
  let loss = task;
  for (const subspace of coupledSubspaces(options)) {
    const { v, vgrid } = out[subspace];
    // d(Σ v·dv)/dv = dv: the sum carries the given gradient into the graph.
    loss = add(loss, sum(mul(v, input(`dv.${subspace}`, v.shape))));
    loss = add(loss, sum(mul(vgrid, input(`dvgrid.${subspace}`, vgrid.shape))));
  }
  const names = Object.keys(p);
  const d = gradients(loss, Object.values(p));
  return {
    task,
    logits: out.logits,
    'z.tumour': out.tumour.z,
    'z.microenvironment': out.microenvironment.z,
    ...Object.fromEntries(names.map((name, i) => [`d.${name}`, d[i]!])),
  };
}

function accumulate(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}

/** Arrays one after the other; a single one as it is. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  if (arrays.length === 1) return arrays[0]!;
  const whole = new Float32Array(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of arrays) {
    whole.set(a, at);
    at += a.length;
  }
  return whole;
}
