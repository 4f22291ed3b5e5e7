import { sizeOf } from 'onnx-autodiff';
import { key, normal, uniform } from '../random/counter.js';
import {
  BIAS_WIDTH,
  branchesOf,
  GENE_WIDTHS,
  GROUP_WIDTH,
  GROUPS,
  HEAD_WIDTH,
  OFFSET_KERNEL,
  WHOLE,
  WIDTH,
  type NetworkParts,
} from './parts.js';

/** Values of all trainable parameters, by name. */
export type Parameters = Record<string, Float32Array>;

/** How a parameter starts. */
type Start = 'zeros' | 'ones' | { readonly normal: number } | { readonly uniform: number };

/** A parameter's shape and how it starts. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

export type ParameterSpecs = Record<string, ParameterSpec>;

/** What decides the shapes of a network's parameters. */
export interface NetworkSize {
  /** Width of a patch's features; 1024 in the paper. */
  readonly patchWidth: number;
  /** Genes of each subspace; 59 and 361 in the paper. */
  readonly genes: { readonly tumour: number; readonly microenvironment: number };
  /** Classes, or survival bins. */
  readonly classes: number;
  /** Clinical covariates that enter at the head; none by default. */
  readonly covariates?: number;
}

/** A layer as PyTorch starts it: weights and biases uniform within ±1/√fan_in. */
export function layer(name: string, shape: readonly number[], fanIn: number, bias: boolean): ParameterSpecs {
  const start = { uniform: 1 / Math.sqrt(fanIn) };
  const weight = { [`${name}.weight`]: { shape, start } };
  return bias ? { ...weight, [`${name}.bias`]: { shape: [shape[0]], start } } : weight;
}

/** A layer normalisation over the last axis. */
export function norm(name: string, width: number = WIDTH): ParameterSpecs {
  return {
    [`${name}.scale`]: { shape: [width], start: 'ones' },
    [`${name}.shift`]: { shape: [width], start: 'zeros' },
  };
}

/** Self-normalising layers: weights ~ N(0, 1/fan_in), zero biases. */
function geneEncoder(genes: number): ParameterSpecs {
  const widths = [genes, ...GENE_WIDTHS];
  const layers = GENE_WIDTHS.map((out, i): ParameterSpecs => {
    const fanIn = widths[i];
    return {
      [`genes.${i}.weight`]: { shape: [out, fanIn], start: { normal: 1 / Math.sqrt(fanIn) } },
      [`genes.${i}.bias`]: { shape: [out], start: 'zeros' },
    };
  });
  return Object.assign({}, ...layers) as ParameterSpecs;
}

/** The network that places the keys. */
function offsets(): ParameterSpecs {
  const { size } = OFFSET_KERNEL;
  return {
    ...layer('offsets.depthwise', [HEAD_WIDTH, 1, size, size], size * size, true),
    ...layer('offsets.pointwise', [2, HEAD_WIDTH], HEAD_WIDTH, false),
  };
}

function positionBias(): ParameterSpecs {
  return {
    ...layer('bias.0', [BIAS_WIDTH, 2], 2, true),
    ...layer('bias.1', [BIAS_WIDTH, BIAS_WIDTH], BIAS_WIDTH, true),
    ...layer('bias.2', [1, BIAS_WIDTH], BIAS_WIDTH, true),
  };
}

/** What stands for the projected patches of a missing bag, and for the gene code of missing genes. */
function standIns(): ParameterSpecs {
  const start = { uniform: 1 / Math.sqrt(WIDTH) };
  return { 'standIn.patches': { shape: [WIDTH], start }, 'standIn.genes': { shape: [WIDTH], start } };
}

function branch(patchWidth: number, parts: NetworkParts): ParameterSpecs {
  const grouped = [GROUPS, HEAD_WIDTH, GROUP_WIDTH];
  const deformable = parts.attention === 'deformable';
  return {
    ...layer('patches', [WIDTH, patchWidth], patchWidth, true),
    ...layer('fusion', [WIDTH, 2 * WIDTH], 2 * WIDTH, true),
    ...norm('norm'),
    ...layer('queries', grouped, GROUP_WIDTH, false),
    ...layer('keys', grouped, GROUP_WIDTH, false),
    ...layer('values', grouped, GROUP_WIDTH, false),
    ...(deformable ? offsets() : {}),
    ...(deformable && parts.positionBias ? positionBias() : {}),
    ...layer('out', [WIDTH, GROUPS * HEAD_WIDTH], GROUPS * HEAD_WIDTH, true),
    ...norm('norm2'),
    ...layer('pooler', [WIDTH, WIDTH], WIDTH, true),
    ...layer('projection', [WIDTH, WIDTH], WIDTH, true),
    ...(parts.standIns ? standIns() : {}),
  };
}

/** The same names under a prefix. */
export function prefixed<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [prefix + name, entry]));
}

/** The entries under a prefix, without it. */
export function scoped<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, entry]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), entry] as const] : [],
    ),
  );
}

/** All parameters of the network, in a fixed order. */
export function networkParameters(
  { patchWidth, genes, classes }: NetworkSize,
  parts: NetworkParts = WHOLE,
): ParameterSpecs {
  const ofBranch = { ...genes, joint: genes.tumour + genes.microenvironment };
  const branches = branchesOf(parts);
  const ofBranches = branches.map((name) =>
    prefixed(`${name}.`, { ...geneEncoder(ofBranch[name]), ...branch(patchWidth, parts) }),
  );
  const features = branches.length * WIDTH;
  return {
    ...(Object.assign({}, ...ofBranches) as ParameterSpecs),
    ...layer('head', [classes, features], features, true),
  };
}

/** Starting values: docs/method.md section 2. Each parameter draws from a stream of its own, named after it. */
export function initialise(specs: ParameterSpecs, seed: number): Parameters {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, start }]) => {
      const k = key(seed, 'initial', name);
      const n = sizeOf(shape);
      const draw = (f: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => f(i));
      if (start === 'zeros') return [name, new Float32Array(n)];
      if (start === 'ones') return [name, new Float32Array(n).fill(1)];
      if ('normal' in start) return [name, draw((i) => start.normal * normal(k, i))];
      return [name, draw((i) => start.uniform * (2 * uniform(k, i) - 1))];
    }),
  );
}

/** Number of trainable numbers. */
export function parameterCount(specs: ParameterSpecs): number {
  return Object.values(specs).reduce((n, { shape }) => n + sizeOf(shape), 0);
}
