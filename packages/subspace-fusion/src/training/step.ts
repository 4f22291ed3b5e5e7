import { compile, sizeOf, type Program, type TensorData } from 'onnx-autodiff';
import { SUBSPACES } from '../cohort/types.js';
import type { Parameters } from '../model/parameters.js';
import { GROUPS, gridSide, keySide, WIDTH } from '../model/widths.js';
import { key } from '../random/counter.js';
import { lossInputs, type BatchLabels, type Sample } from './batch.js';
import { consistencyGraph, learnGraph, placeGraph, projectGraph, type PerSubspace, type StepOptions } from './step-graphs.js';

export type { StepOptions } from './step-graphs.js';

/** Losses, gradients and features of one batch. */
export interface BatchGradients {
  readonly task: number;
  /** Consistency of each subspace before the factor ½; 0 where the term is left out. */
  readonly consistency: PerSubspace<number>;
  readonly gradients: Parameters;
  readonly logits: Float32Array; // [B, C]
  readonly z: PerSubspace<Float32Array>; // [B, 128]
  readonly v: PerSubspace<Float32Array>; // [B, 128]
  readonly vgrid: PerSubspace<Float32Array>; // [B·8, 2, k, k]
}

export interface Step {
  /**
   * Gradients of L = task + ½·Σ consistency over a whole batch, before coordination; exact for any micro-batch size.
   * `draw` tells dropout masks apart: the same seed and step give the same masks.
   */
  gradients(parameters: Parameters, batch: readonly Sample[], labels: BatchLabels, draw: { seed: number; step: number }): Promise<BatchGradients>;
  dispose(): Promise<void>;
}

/** Tokens that go through the network at once where nothing else is asked: one bag of the paper's size. */
const TOKENS_AT_ONCE = 2500;

/**
 * A training step by exact micro-batches. What couples the samples of a batch is (1) the consistency loss, (2) the
 * normaliser of the task loss, known from the labels, and (3) the coordination, which comes after. So:
 * `project` computes P of every sample, which is kept; `place` gene codes and key positions of all samples, cheaply;
 * `consistency` takes the whole batch of those and gives its gradients with respect to them; `learn` takes each micro-batch
 * once, forward and backward, with those fed in.
 */
export function createStep(options: StepOptions): Step {
  const { size, tokens, backend, observe = () => undefined } = options;
  const { microBatch = Math.max(1, Math.floor(TOKENS_AT_ONCE / tokens)) } = options;
  const vgridSize = GROUPS * 2 * keySide(gridSide(tokens)) ** 2;
  const programs = new Map<string, Promise<Program>>(); // by kind and number of samples; the last batch may be smaller
  const graphs = { project: projectGraph, place: placeGraph, learn: learnGraph, consistency: consistencyGraph };
  const run = async (kind: keyof typeof graphs, samples: number, feeds: (inputs: Program['inputs']) => Promise<Feeds>) => {
    const id = `${kind}-${samples}`;
    if (!programs.has(id)) {
      programs.set(id, compile(graphs[kind](options, samples), { ...backend, observe: (part, seconds) => observe(`${kind}: ${part}`, seconds) }));
    }
    const program = await programs.get(id)!;
    return program.run(await feeds(program.inputs));
  };
  const arrays = new Map<string, Float32Array>(); // large ones that every step writes again
  const array = (name: string, length: number): Float32Array => {
    const id = `${name}, ${length}`;
    if (!arrays.has(id)) arrays.set(id, new Float32Array(length));
    return arrays.get(id)!;
  };

  /** Dropout masks that a program asks for, for samples `from` … `to` of the batch: functions of seed, step, sample and site. */
  async function drawMasks(inputs: Program['inputs'], from: number, to: number, seed: number, step: number): Promise<Feeds> {
    const started = performance.now();
    const feeds: Feeds = {};
    for (const [name, shape] of Object.entries(inputs)) {
      if (!name.startsWith('dropout.')) continue;
      const mask = array(name, sizeOf(shape));
      const each = mask.length / (to - from);
      for (let i = 0; i < to - from; i++) {
        await backend.fillMask(mask.subarray(i * each, (i + 1) * each), key(seed, step, from + i, name), options.dropout);
      }
      feeds[name] = mask;
    }
    observe('dropout masks', (performance.now() - started) / 1000);
    return feeds;
  }

  return {
    async gradients(parameters, batch, labels, { seed, step }) {
      const B = batch.length;
      const C = size.classes;
      const coupled = options.consistency !== 'none' && B > 1; // a batch of one has no partner
      const parts = evenParts(B, microBatch);
      const perSample = (width: number) => bothSubspaces(() => new Float32Array(B * width));
      const P = { tumour: array('P.tumour', B * tokens * WIDTH), microenvironment: array('P.microenvironment', B * tokens * WIDTH) };
      const v = perSample(WIDTH);
      const vgrid = perSample(vgridSize);
      const dv = perSample(WIDTH);
      const dvgrid = perSample(vgridSize);
      const terms = { tumour: 0, microenvironment: 0 };
      const rows = (array: Float32Array, from: number, to: number) => array.subarray((from * array.length) / B, (to * array.length) / B);

      /** Inputs of a program about samples `from` … `to`, those that it asks for. */
      const feedsOf = (from: number, to: number, others: Feeds) => async (inputs: Program['inputs']): Promise<Feeds> => {
        const part = batch.slice(from, to);
        const feeds: Feeds = { ...others, ...(await drawMasks(inputs, from, to, seed, step)) };
        for (const name of Object.keys(inputs)) if (name in parameters) feeds[name] = parameters[name]!;
        if ('X' in inputs) feeds['X'] = joined(part.map((s) => s.bag), (length) => array('X', length));
        for (const s of SUBSPACES) {
          if (`P.${s}` in inputs) feeds[`P.${s}`] = rows(P[s], from, to);
          if (`x.${s}` in inputs) feeds[`x.${s}`] = joined(part.map(({ genes }) => genes[s]), (length) => new Float32Array(length));
        }
        return feeds;
      };

      for (const [from, to] of parts) {
        const out = await run('project', to - from, feedsOf(from, to, {}));
        for (const s of SUBSPACES) rows(P[s], from, to).set(out[`P.${s}`]!);
        if (!coupled) continue;
        const placed = await run('place', to - from, feedsOf(from, to, {}));
        for (const s of SUBSPACES) {
          rows(v[s], from, to).set(placed[`v.${s}`]!);
          rows(vgrid[s], from, to).set(placed[`vgrid.${s}`]!);
        }
      }
      if (coupled) {
        for (const s of SUBSPACES) {
          const out = await run('consistency', B, async () => ({ v: v[s], vgrid: vgrid[s] }));
          terms[s] = out['loss']![0]!;
          dv[s].set(out['dv']!);
          dvgrid[s].set(out['dvgrid']!);
        }
      }

      const total: Parameters = Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, new Float32Array(p.length)]));
      const logits = new Float32Array(B * C);
      const z = perSample(WIDTH);
      const shares = lossInputs(labels, C);
      let task = 0;
      for (const [from, to] of parts) {
        const upstream: Feeds = Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, rows(share, from, to)]));
        for (const s of options.consistency === 'none' ? [] : SUBSPACES) {
          upstream[`dv.${s}`] = rows(dv[s], from, to);
          upstream[`dvgrid.${s}`] = rows(dvgrid[s], from, to);
        }
        const out = await run('learn', to - from, feedsOf(from, to, upstream));
        const started = performance.now();
        task += out['task']![0]!;
        rows(logits, from, to).set(out['logits']!);
        for (const s of SUBSPACES) {
          rows(v[s], from, to).set(out[`v.${s}`]!);
          rows(vgrid[s], from, to).set(out[`vgrid.${s}`]!);
          rows(z[s], from, to).set(out[`z.${s}`]!);
        }
        for (const [name, sum] of Object.entries(total)) accumulate(sum, out[`d.${name}`]!);
        observe('sum of gradients', (performance.now() - started) / 1000);
      }
      return { task, consistency: terms, gradients: total, logits, z, v, vgrid };
    },
    async dispose() {
      for (const p of programs.values()) await (await p).dispose();
    },
  };
}

type Feeds = Record<string, TensorData>;

function bothSubspaces<T>(make: () => T): PerSubspace<T> {
  return { tumour: make(), microenvironment: make() };
}

/**
 * 0 … n in parts of at most `atMost` samples and nearly equal size. All of one size, where less than twice as many parts
 * allow that: each size needs programs of its own.
 */
function evenParts(n: number, atMost: number): (readonly [number, number])[] {
  const fewest = Math.ceil(n / atMost);
  const parts = Array.from({ length: fewest }, (_, i) => fewest + i).find((count) => n % count === 0) ?? fewest;
  const start = (i: number) => Math.floor((i * n) / parts);
  return Array.from({ length: parts }, (_, i) => [start(i), start(i + 1)] as const);
}

function accumulate(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}

/** Arrays one after the other, in the array that `room` makes; a single one as it is. */
function joined(arrays: readonly Float32Array[], room: (length: number) => Float32Array): Float32Array {
  if (arrays.length === 1) return arrays[0]!;
  const whole = room(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of arrays) {
    whole.set(a, at);
    at += a.length;
  }
  return whole;
}
