import { add, input, mul, sub, type Value } from 'onnx-autodiff';
import { bits } from '../random/counter.js';

/** One place where dropout acts: the graph reads a mask under this name. */
export interface DropoutSite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rate: number;
  /** Whether the graph reads only the keys of the samples' streams, int64 `[B]`, and draws the mask of this shape itself. */
  readonly drawnInside?: true;
}

/**
 * Dropout of one graph: its rate, and the sites that the network has registered so far.
 * Masks are inputs of the graph, so that the same mask can be drawn again; without a `Dropout`, nothing is dropped.
 */
export interface Dropout {
  readonly rate: number;
  readonly sites: DropoutSite[];
  /** Goes before the names of sites, to tell the branches apart. */
  readonly prefix: string;
}

/** Dropout inside a part of the network, whose name goes before those of its sites. */
export function within(options: Dropout | undefined, part: string): Dropout | undefined {
  return options && { ...options, prefix: `${options.prefix}${part}.` };
}

/** Dropout with a rate of its own, where there is dropout at all. */
export function atRate(options: Dropout | undefined, rate: number): Dropout | undefined {
  return options && { ...options, rate };
}

function site({ rate, sites, prefix }: Dropout, name: string, shape: readonly number[]): Value {
  const full = `dropout.${prefix}${name}`;
  sites.push({ name: full, shape, rate });
  return input(full, shape);
}

/** Each element is set to 0 with probability `rate`, the others divided by 1 − rate. */
export function dropout(x: Value, name: string, options: Dropout | undefined): Value {
  if (!options || options.rate === 0) return x;
  return mul(x, site(options, name, x.shape)); // masks hold 0 or 1/(1 − rate)
}

/** Dropout inside an operation that draws its mask itself: the keys of the samples' streams, int64 `[B]`. */
export interface DropoutKeys {
  readonly keys: Value;
  readonly rate: number;
}

/** The keys with which an operation draws the same mask of `shape` `[B, …]` that `dropout` would be fed; undefined where nothing is dropped. */
export function dropoutKeys(
  name: string,
  shape: readonly number[],
  options: Dropout | undefined,
): DropoutKeys | undefined {
  if (!options || options.rate === 0) return undefined;
  const { rate, sites, prefix } = options;
  const full = `dropout.${prefix}${name}`;
  sites.push({ name: full, shape, rate, drawnInside: true });
  return { keys: input(full, [shape[0]], 'int64'), rate };
}

/** What SELU tends to for very negative inputs, −λα: the value that AlphaDropout drops to. */
const SELU_FLOOR = -1.7580993408473766;

/** AlphaDropout's affine map a·x + b, which restores mean 0 and variance 1 (Klambauer et al. 2017, section 2). */
export function alphaDropoutConstants(rate: number): { a: number; b: number } {
  const keep = 1 - rate;
  const a = 1 / Math.sqrt(keep + SELU_FLOOR ** 2 * keep * rate);
  return { a, b: -a * SELU_FLOOR * rate };
}

/** Each element is set to −λα with probability `rate`, then all are mapped by a·x + b. */
export function alphaDropout(x: Value, name: string, options: Dropout | undefined): Value {
  if (!options || options.rate === 0) return x;
  const { a, b } = alphaDropoutConstants(options.rate);
  const kept = mul(site(options, name, x.shape), 1 - options.rate); // 0 or 1
  return add(mul(add(mul(x, kept), mul(sub(1, kept), SELU_FLOOR)), a), b);
}

/**
 * The inverted dropout mask in plain TypeScript, the witness of `Kernels.dropoutMask`: element i is 1/keep where draw i of the stream
 * `key` is below keep, else 0.
 */
export function plainDropoutMask(out: Float32Array, key: number, keepProbability: number): void {
  for (let i = 0; i < out.length; i++) out[i] = bits(key, i) < keepProbability * 2 ** 32 ? 1 / keepProbability : 0;
}
