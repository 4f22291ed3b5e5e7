import {
  attend,
  attendBackward,
  type AttentionGradients,
  type AttentionInputs,
  type AttentionOutputs,
} from './attention.js';
import { biasBackward, biasForward } from './bias.js';
import { createKernel, type Kernel } from './kernel.js';
import type { Grid } from './keys.js';
import { createTables } from './tables.js';
import { SUMS, weightGradients, type PositionBiasGradients, type PositionBiasWeights } from './weights.js';

/**
 * The continuous position bias on CPUs, exact to rounding, attention with it inside, and dropout masks, in WebAssembly SIMD on worker threads. Same inputs give the same bits, at
 * any number of threads. Calls may overlap; they are served one after the other.
 */
export interface Kernels {
  /** Threads in use: as asked for, or 1 in a browser page that may not share memory. */
  readonly threads: number;
  /**
   * The continuous position bias of kv `points [P, M, 2]` ((x, y), the grid spans −1…1) → `bias [P, N, M]`: the MLP of
   * ℓ = sign(d)·log(1+|d|), d = q − u. NaN throughout where a point or weight is not finite.
   * @throws RangeError when lengths do not fit together, or one group's bias is larger than 1 GiB.
   */
  bias(points: Float32Array, grid: Grid, weights: PositionBiasWeights, bias: Float32Array): Promise<void>;
  /** Gradients for the `upstream` gradient `[P, N, M]` of the bias. NaN throughout where a point or weight is not finite. */
  biasGradients(
    points: Float32Array,
    grid: Grid,
    weights: PositionBiasWeights,
    upstream: Float32Array,
  ): Promise<PositionBiasGradients>;
  /**
   * Attention with the position bias inside, dropout(softmax(f·keysᵀ + bias))·kv of each group. NaN throughout where a point or weight is not finite.
   * @throws RangeError when one sample needs more than 1 GiB.
   */
  attend(inputs: AttentionInputs, grid: Grid, weights: PositionBiasWeights, outputs: AttentionOutputs): Promise<void>;
  /** Gradients for the `upstream` gradient `[B, N, 128]` of what `attend` read into `outputs`, into `gradients`. */
  attendGradients(
    inputs: AttentionInputs,
    grid: Grid,
    weights: PositionBiasWeights,
    outputs: AttentionOutputs,
    upstream: Float32Array,
    gradients: AttentionGradients,
  ): Promise<void>;
  /** Inverted dropout: out[i] = 1/keep where draw i of the stream `key` (random/counter.ts) is below keep, else 0; 0 < keep ≤ 1. */
  dropoutMask(out: Float32Array, key: number, keepProbability: number): Promise<void>;
  /** Ends the threads. Calls under way and later calls are rejected. */
  close(): Promise<void>;
}

/**
 * Starts the kernels on `threads` threads. One thread is the caller's own; more are workers, which never keep the process alive when idle.
 * `mostPieces`: of a table of linear pieces; what is beyond is computed directly, a hundred times as slowly.
 */
export async function createKernels({
  threads,
  mostPieces,
}: {
  readonly threads: number;
  readonly mostPieces?: number;
}): Promise<Kernels> {
  const kernel = await createKernel(threads);
  const tables = createTables(kernel, mostPieces);
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }
  return {
    threads: kernel.threads,
    bias: (points, grid, weights, bias) =>
      inTurn(async () => {
        if (!allFinite(points, weights)) bias.fill(NaN);
        else await biasForward(kernel, tables.of(weights, points, grid.side ** 2), points, grid, bias);
      }),
    biasGradients: (points, grid, weights, upstream) =>
      inTurn(async () =>
        allFinite(points, weights)
          ? biasBackward(kernel, tables.of(weights, points, grid.side ** 2), points, grid, weights, upstream)
          : notFinite(points, weights),
      ),
    attend: (inputs, grid, weights, outputs) =>
      inTurn(async () => {
        if (allFinite(inputs.points, weights))
          await attend(kernel, tables.of(weights, inputs.points, grid.side ** 2), inputs, grid, outputs);
        else for (const array of [outputs.out, outputs.kept]) array.fill(NaN);
      }),
    attendGradients: (inputs, grid, weights, outputs, upstream, gradients) =>
      inTurn(async () => {
        const { points } = inputs;
        if (allFinite(points, weights)) {
          const table = tables.of(weights, points, grid.side ** 2);
          await attendBackward(kernel, table, inputs, grid, weights, outputs, upstream, gradients);
        } else for (const array of Object.values<Float32Array>({ ...gradients })) array.fill(NaN);
      }),
    dropoutMask: (out, key, keepProbability) => inTurn(() => dropoutMask(kernel, out, key, keepProbability)),
    close: () => kernel.close(),
  };
}

/** As in assembly/dropout.ts. */
const ELEMENTS_PER_TASK = 1 << 16;
/** Elements of a mask that stand in the kernels' memory at a time: 16 MiB. */
const MASK_AT_ONCE = 1 << 22;

async function dropoutMask(kernel: Kernel, out: Float32Array, key: number, keepProbability: number): Promise<void> {
  if (!(keepProbability > 0 && keepProbability <= 1))
    throw new RangeError(`keep probability ${keepProbability} is not in (0, 1]`);
  const highestKept = Math.ceil(keepProbability * 2 ** 32) - 1;
  for (let start = 0; start < out.length; start += MASK_AT_ONCE) {
    const part = out.subarray(start, start + MASK_AT_ONCE);
    const [mask] = kernel.layOut(0, [part.byteLength]);
    const tasks = Math.ceil(part.length / ELEMENTS_PER_TASK);
    await kernel.run('dropoutMask', tasks, [mask, part.length, start, key, highestKept, 1 / keepProbability]);
    part.set(kernel.floats(mask, part.length));
  }
}

function allFinite(points: Float32Array, { w1, b1, w2, b2, w3, b3 }: PositionBiasWeights): boolean {
  return [points, w1, b1, w2, b2, w3, b3].every((array) => array.every(Number.isFinite));
}

function notFinite(points: Float32Array, weights: PositionBiasWeights): PositionBiasGradients {
  return {
    points: new Float32Array(points.length).fill(NaN),
    ...weightGradients(new Float64Array(SUMS).fill(NaN), weights),
  };
}
