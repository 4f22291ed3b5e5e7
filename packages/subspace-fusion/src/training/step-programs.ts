import {
  add,
  compile,
  gemm,
  gradients,
  greater,
  input,
  mul,
  reshape,
  sizeOf,
  sum,
  where,
  type Program,
  type Value,
} from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Feeds, type Sample } from '../inference/batch.js';
import { placeBranch, type BranchLayers } from '../model/branch.js';
import { graphInputs, type GraphInputs, type NetworkChoice } from '../model/choice.js';
import { within, type DropoutSite } from '../model/dropout.js';
import { named, parameterInputs, type NetworkSize, type Parameters } from '../model/layers.js';
import { consistency, type ConsistencyForm } from '../model/losses.js';
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
import { key } from '../random/counter.js';

/** Tokens that go through the network at once where nothing else is asked: one bag of the paper's size. */
const TOKENS_AT_ONCE = 2500;

/** Samples of so many tokens that go through the network at once by default. */
export function defaultMicroBatch(tokens: number): number {
  return Math.max(1, Math.floor(TOKENS_AT_ONCE / tokens));
}

/**
 * 0 … n in parts of at most `atMost` samples and nearly equal size. All of one size, where less than twice as many parts
 * allow that: each size needs programs of its own.
 */
export function evenParts(n: number, atMost: number): (readonly [number, number])[] {
  const fewest = Math.ceil(n / atMost);
  const parts = Array.from({ length: fewest }, (_, i) => fewest + i).find((count) => n % count === 0) ?? fewest;
  const start = (i: number) => Math.floor((i * n) / parts);
  return Array.from({ length: parts }, (_, i) => [start(i), start(i + 1)] as const);
}

/** The part of a batch's array that is about its samples `from` … `to`, of B. */
export function rowsOf(array: Float32Array, B: number, from: number, to: number): Float32Array {
  return array.subarray((from * array.length) / B, (to * array.length) / B);
}

/** Zeros as long as these parameters, by name. */
export function zerosLike(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, new Float32Array(p.length)]));
}

/** sum ← sum + part */
export function accumulate(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i] + part[i];
}

/** Builds a graph for B samples; the sites of its dropout are added to `sites`. */
export type GraphOf = (B: number, sites: DropoutSite[]) => Record<string, Value>;

/** Some samples of a batch on their way through a program. */
export interface MicroBatch {
  readonly samples: readonly Sample[];
  /** Index in the batch of the first of them: dropout masks are functions of it. */
  readonly from: number;
  readonly draw: { readonly seed: number; readonly step: number };
}

/** The graphs of a training step, compiled when they are needed, and their inputs. */
export interface StepPrograms {
  /** Runs a graph on some samples: parameters, samples and dropout masks are fed where the graph reads them, and the `others`. */
  run(kind: string, part: MicroBatch, parameters: Parameters, others?: Feeds): Promise<Record<string, Float32Array>>;
  /** Runs a graph for B samples on nothing but these feeds. */
  runOn(kind: string, B: number, feeds: Feeds): Promise<Record<string, Float32Array>>;
  /** An array that every step writes again. */
  array(name: string, length: number): Float32Array;
  dispose(): Promise<void>;
}

interface Compiled {
  readonly program: Program;
  readonly sites: readonly DropoutSite[];
}

/** Programs of these graphs by kind and number of samples (the last batch of an epoch may be smaller). */
export function stepPrograms(
  graphs: Readonly<Record<string, GraphOf>>,
  backend: Backend,
  observe: (stage: string, seconds: number) => void,
): StepPrograms {
  const programs = new Map<string, Promise<Compiled>>();
  const compiled = (kind: string, B: number): Promise<Compiled> => {
    const id = `${kind}-${B}`;
    const make = async () => {
      const sites: DropoutSite[] = [];
      const graph = graphs[kind](B, sites);
      const program = await compile(graph, {
        ...backend,
        observe: (part, seconds) => observe(`${kind}: ${part}`, seconds),
      });
      return { program, sites: sites.filter(({ name }) => name in program.inputs) };
    };
    const program = programs.get(id) ?? make();
    programs.set(id, program);
    return program;
  };
  const arrays = new Map<string, Float32Array>();
  const array = (name: string, length: number): Float32Array => {
    const id = `${name}, ${length}`;
    const held = arrays.get(id) ?? new Float32Array(length);
    arrays.set(id, held);
    return held;
  };

  /** Dropout masks of some samples: functions of seed, step, sample and site. */
  async function drawMasks(
    sites: readonly DropoutSite[],
    { samples, from, draw: { seed, step } }: MicroBatch,
  ): Promise<Feeds> {
    const started = performance.now();
    const feeds: Feeds = {};
    for (const { name, shape, rate, drawnInside } of sites) {
      const keys = samples.map((_, i) => key(seed, step, from + i, name));
      if (drawnInside) {
        feeds[name] = BigInt64Array.from(keys, BigInt);
        continue;
      }
      const mask = array(name, sizeOf(shape));
      const each = mask.length / samples.length;
      for (const [i, k] of keys.entries()) await backend.fillMask(mask.subarray(i * each, (i + 1) * each), k, rate);
      feeds[name] = mask;
    }
    observe('dropout masks', (performance.now() - started) / 1000);
    return feeds;
  }

  return {
    array,
    async run(kind, part, parameters, others = {}) {
      const { program, sites } = await compiled(kind, part.samples.length);
      const { inputs } = program;
      const feeds: Feeds = {
        ...sampleFeeds(part.samples, inputs, (length) => array('X', length)),
        ...(await drawMasks(sites, part)),
      };
      for (const name of Object.keys(inputs)) {
        if (name in parameters) feeds[name] = parameters[name];
        else if (name in others) feeds[name] = others[name];
      }
      return await program.run(feeds);
    },
    async runOn(kind, B, feeds) {
      const { program } = await compiled(kind, B);
      return await program.run(feeds);
    },
    async dispose() {
      for (const { program } of await Promise.all(programs.values())) await program.dispose();
    },
  };
}

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
