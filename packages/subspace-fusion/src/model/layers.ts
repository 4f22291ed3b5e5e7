import { linear as affine, input, layerNorm, sizeOf, type Value } from 'onnx-autodiff';
import { key, normal, uniform } from '../random/counter.js';

/** How a parameter starts: with one number throughout, drawn from N(0, normal²), or uniformly within ±uniform. */
type Start = 'zeros' | 'ones' | { readonly normal: number } | { readonly uniform: number };

/** A parameter's shape and how it starts. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

/** `Linear` or a convolution with its bias: specs where a network is described, values where its graph is built. */
export type Linear<T = Value> = { readonly weight: T; readonly bias: T };

/** A layer that has no bias. */
export type WeightOnly<T = Value> = { readonly weight: T };

/** A layer normalisation over the last axis. */
export type Norm<T = Value> = { readonly scale: T; readonly shift: T };

/**
 * A network as a tree of layers with a leaf for each parameter. A parameter's name is the path to it, `tumour.genes.0.weight`,
 * and the order of the tree is that of checkpoints. A key may hold several steps of a path (`'fusion.0'`) where that order
 * asks for it.
 */
export type Layers<Leaf> = { readonly [key: string]: Part<Leaf> };
type Part<Leaf> = Leaf | undefined | readonly Part<Leaf>[] | Layers<Leaf>;

/** The same tree with a value of a graph at each leaf. */
export type Values<S> = S extends ParameterSpec
  ? Value
  : Layers<ParameterSpec> extends S // any tree
    ? Layers<Value>
    : { readonly [K in keyof S]: Values<S[K]> };

/** A layer as PyTorch starts it: weights and biases uniform within ±1/√fan_in. The first axis of its weight is its output. */
export function layer(shape: readonly [number, ...number[]], fanIn: number): Linear<ParameterSpec> {
  const { weight } = weightOnly(shape, fanIn);
  return { weight, bias: { shape: [shape[0]], start: weight.start } };
}

/** The same without a bias. */
export function weightOnly(shape: readonly number[], fanIn: number): WeightOnly<ParameterSpec> {
  return { weight: { shape, start: { uniform: 1 / Math.sqrt(fanIn) } } };
}

/** `Linear(from, to)` as PyTorch starts it. */
export function linearLayer(from: number, to: number): Linear<ParameterSpec> {
  return layer([to, from], from);
}

/** `Linear(from, to)` as self-normalising networks start: weights ~ N(0, 1/from), zero biases. */
export function normalLayer(from: number, to: number): Linear<ParameterSpec> {
  return {
    weight: { shape: [to, from], start: { normal: 1 / Math.sqrt(from) } },
    bias: { shape: [to], start: 'zeros' },
  };
}

/** A layer normalisation over a last axis of `width`. */
export function normLayer(width: number): Norm<ParameterSpec> {
  return { scale: { shape: [width], start: 'ones' }, shift: { shape: [width], start: 'zeros' } };
}

/** x·Wᵀ + b over the last axis: `[..., in] → [..., out]`. */
export function linear(x: Value, { weight, bias }: Linear): Value {
  return affine(x, weight, bias);
}

/** Normalised over the last axis, times scale, plus shift. */
export function normalise(x: Value, { scale, shift }: Norm): Value {
  return layerNorm(x, scale, shift);
}

/** Every parameter of a tree with its name, in the order of checkpoints. */
export function named<Leaf extends { readonly shape: readonly number[] }>(layers: Layers<Leaf>): [string, Leaf][] {
  const found: [string, Leaf][] = [];
  mapLeaves<Leaf, Leaf>(layers, (leaf, name) => {
    found.push([name, leaf]);
    return leaf;
  });
  return found;
}

/** A network's parameters as inputs of a graph, under their names. */
export function parameterInputs<S extends Layers<ParameterSpec>>(layers: S): Values<S> {
  return mapLeaves<ParameterSpec, Value>(layers, ({ shape }, name) => input(name, shape)) as Values<S>;
}

function mapLeaves<Leaf extends { readonly shape: readonly number[] }, T>(
  part: Part<Leaf>,
  make: (leaf: Leaf, name: string) => T,
  path = '',
): Part<T> {
  if (part === undefined) return undefined;
  if (isLeaf(part)) return make(part, path);
  const below = ([key, value]: [string, Part<Leaf>]) => mapLeaves(value, make, path === '' ? key : `${path}.${key}`);
  const entries = Object.entries<Part<Leaf>>(part);
  return Array.isArray(part)
    ? entries.map(below)
    : Object.fromEntries(entries.map((entry) => [entry[0], below(entry)] as const));
}

/** Specs and values have a shape, layers have none. */
function isLeaf<Leaf extends object>(part: Leaf | readonly Part<Leaf>[] | Layers<Leaf>): part is Leaf {
  return 'shape' in part;
}

/** Values of all trainable parameters, by name. */
export type Parameters = Record<string, Float32Array>;

/** Shapes of all trainable parameters and how they start, by name, in the order of checkpoints. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

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
