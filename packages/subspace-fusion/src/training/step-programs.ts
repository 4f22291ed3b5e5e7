import { compile, sizeOf, type Program, type Value } from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Feeds, type Sample } from '../inference/batch.js';
import type { DropoutSite } from '../model/dropout.js';
import type { Parameters } from '../model/parameters.js';
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
    for (const { name, shape, rate } of sites) {
      const mask = array(name, sizeOf(shape));
      const each = mask.length / samples.length;
      for (let i = 0; i < samples.length; i++) {
        await backend.fillMask(mask.subarray(i * each, (i + 1) * each), key(seed, step, from + i, name), rate);
      }
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
