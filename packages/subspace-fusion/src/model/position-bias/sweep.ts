import { hostOperation, type TensorData, type Value } from 'onnx-autodiff';
import type { PositionBias } from '../attention.js';
import type { PositionBiasLayers } from './dense.js';
import { createKernel, type Kernel } from './kernel.js';
import {
  PACKED_FLOATS,
  packWeights,
  SUM_FLOATS,
  weightGradients,
  type PositionBiasWeightGradients,
  type PositionBiasWeights,
} from './weights.js';

export type { PositionBiasWeightGradients } from './weights.js';
export type { PositionBiasWeights } from './weights.js';

/** The queries, an s×s grid (N = s²), and M, the number of kv points of each of the P pairs of sample and group. */
export interface SweepGrid {
  readonly side: number;
  readonly kvPoints: number;
}

/** Gradients of the kv points `[P, M, 2]` and, summed over P and M, of the weights. */
export interface PositionBiasGradients extends PositionBiasWeightGradients {
  points: Float32Array;
}

/**
 * The continuous position bias on CPUs, exact, and dropout masks, in WebAssembly SIMD on worker threads. Same inputs give the same bits, at
 * any number of threads. Calls may overlap; they are served one after the other.
 */
export interface Sweep {
  /** Threads in use: as asked for, or 1 in a browser page that may not share memory. */
  readonly threads: number;
  /**
   * The continuous position bias of kv `points [P, M, 2]` ((x, y), the grid spans −1…1) → `bias [P, N, M]`: the MLP of
   * ℓ = sign(d)·log(1+|d|), d = q − u. NaN throughout where a point or weight is not finite.
   * @throws RangeError when lengths do not fit together, or one group's bias is larger than 1 GiB.
   */
  forward(points: Float32Array, grid: SweepGrid, weights: PositionBiasWeights, bias: Float32Array): Promise<void>;
  /** Gradients for the `upstream` gradient `[P, N, M]` of the bias. NaN throughout where a point or weight is not finite. */
  backward(
    points: Float32Array,
    grid: SweepGrid,
    weights: PositionBiasWeights,
    upstream: Float32Array,
  ): Promise<PositionBiasGradients>;
  /** Inverted dropout: out[i] = 1/keep where draw i of the stream `key` (random/counter.ts) is below keep, else 0; 0 < keep ≤ 1. */
  dropoutMask(out: Float32Array, key: number, keepProbability: number): Promise<void>;
  /** Ends the threads. Calls under way and later calls are rejected. */
  close(): Promise<void>;
}

/** Bias values, or mask elements, that stand in the kernels' memory at a time: 16 MiB, or one group where that is more. */
const CHUNK_FLOATS = 1 << 22;
/** As in assembly/tasks.ts and assembly/dropout.ts. */
const POINTS_PER_TASK = 16;
const ELEMENTS_PER_TASK = 1 << 16;

/** Starts the kernels on `threads` threads. One thread is the caller's own; more are workers, which never keep the process alive when idle. */
export async function createSweep({ threads }: { threads: number }): Promise<Sweep> {
  const kernel = await createKernel(threads);
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }
  return {
    threads: kernel.threads,
    forward: (points, grid, weights, bias) => inTurn(() => forward(kernel, points, grid, weights, bias)),
    backward: (points, grid, weights, upstream) => inTurn(() => backward(kernel, points, grid, weights, upstream)),
    dropoutMask: (out, key, keepProbability) => inTurn(() => dropoutMask(kernel, out, key, keepProbability)),
    close: () => kernel.close(),
  };
}

async function forward(
  kernel: Kernel,
  points: Float32Array,
  grid: SweepGrid,
  weights: PositionBiasWeights,
  bias: Float32Array,
): Promise<void> {
  if (!allFinite(points, weights)) return void bias.fill(NaN);
  for (const chunk of chunks(points, grid, bias)) {
    const memory = layOut(kernel, chunk, grid.side, weights);
    await kernel.run('forward', chunk.tasks, [memory.points, grid.kvPoints, grid.side, memory.weights, memory.plane]);
    chunk.plane.set(kernel.floats(memory.plane, chunk.plane.length));
  }
}

async function backward(
  kernel: Kernel,
  points: Float32Array,
  grid: SweepGrid,
  weights: PositionBiasWeights,
  upstream: Float32Array,
): Promise<PositionBiasGradients> {
  const sums = new Float64Array(SUM_FLOATS);
  const pointGradients = new Float32Array(points.length);
  const finite = allFinite(points, weights);
  if (!finite) {
    sums.fill(NaN);
    pointGradients.fill(NaN);
  }
  for (const chunk of finite ? chunks(points, grid, upstream) : []) {
    const memory = layOut(kernel, chunk, grid.side, weights);
    kernel.floats(memory.plane, chunk.plane.length).set(chunk.plane);
    const values = [
      memory.points,
      grid.kvPoints,
      grid.side,
      memory.weights,
      memory.plane,
      memory.pointGradients,
      memory.sums,
    ];
    await kernel.run('backward', chunk.tasks, values);
    pointGradients.set(
      kernel.floats(memory.pointGradients, chunk.points.length),
      (chunk.points.byteOffset - points.byteOffset) / 4,
    );
    addTaskSums(kernel, memory.sums, chunk.tasks, sums);
  }
  return { points: pointGradients, ...weightGradients(sums, weights) };
}

async function dropoutMask(kernel: Kernel, out: Float32Array, key: number, keepProbability: number): Promise<void> {
  if (!(keepProbability > 0 && keepProbability <= 1))
    throw new RangeError(`keep probability ${keepProbability} is not in (0, 1]`);
  const highestKept = Math.ceil(keepProbability * 2 ** 32) - 1;
  for (let start = 0; start < out.length; start += CHUNK_FLOATS) {
    const part = out.subarray(start, start + CHUNK_FLOATS);
    const [mask] = kernel.layOut(0, [part.byteLength]);
    const tasks = Math.ceil(part.length / ELEMENTS_PER_TASK);
    await kernel.run('dropoutMask', tasks, [mask, part.length, start, key, highestKept, 1 / keepProbability]);
    part.set(kernel.floats(mask, part.length));
  }
}

/** Some groups, as many as stand in the kernels' memory at a time. */
interface Chunk {
  readonly points: Float32Array; // [groups, M, 2]
  readonly plane: Float32Array; // [groups, N, M]: the bias, or its upstream gradient
  readonly tasks: number;
}

/** `points [P, M, 2]` and `plane [P, N, M]` in chunks of whole groups. */
function chunks(points: Float32Array, { side, kvPoints }: SweepGrid, plane: Float32Array): Chunk[] {
  const groups = points.length / 2 / kvPoints;
  const groupFloats = side * side * kvPoints;
  if (side < 2 || !Number.isInteger(groups) || plane.length !== groups * groupFloats) {
    const given = `${points.length} coordinates, side ${side}, ${kvPoints} kv points and ${plane.length} bias values`;
    throw new RangeError(`${given} do not fit together`);
  }
  const atOnce = Math.max(1, Math.floor(CHUNK_FLOATS / groupFloats));
  const tasksPerGroup = Math.ceil(kvPoints / POINTS_PER_TASK);
  return Array.from({ length: Math.ceil(groups / atOnce) }, (_, i) => {
    const begin = i * atOnce;
    const end = Math.min(begin + atOnce, groups);
    return {
      points: points.subarray(begin * kvPoints * 2, end * kvPoints * 2),
      plane: plane.subarray(begin * groupFloats, end * groupFloats),
      tasks: (end - begin) * tasksPerGroup,
    };
  });
}

/** Makes room for a chunk in the kernels' memory and writes its points and the weights there. */
function layOut(kernel: Kernel, chunk: Chunk, side: number, weights: PositionBiasWeights) {
  const [points, packed, plane, pointGradients, sums] = kernel.layOut(kernel.size('scratchBytes', side), [
    chunk.points.byteLength,
    PACKED_FLOATS * 4,
    chunk.plane.byteLength,
    chunk.points.byteLength,
    chunk.tasks * kernel.size('sumsBytes'),
  ]) as [number, number, number, number, number];
  kernel.floats(points, chunk.points.length).set(chunk.points);
  packWeights(weights, kernel.floats(packed, PACKED_FLOATS));
  return { points, weights: packed, plane, pointGradients, sums };
}

/** Adds each task's sums to `total`, in the order of the tasks. */
function addTaskSums(kernel: Kernel, address: number, tasks: number, total: Float64Array): void {
  const stride = kernel.size('sumsBytes') / 4;
  const sums = kernel.floats(address, tasks * stride);
  for (let task = 0; task < tasks; task++) {
    for (let i = 0; i < SUM_FLOATS; i++) total[i] += sums[task * stride + i];
  }
}

function allFinite(points: Float32Array, { w1, b1, w2, b2, w3, b3 }: PositionBiasWeights): boolean {
  return [points, w1, b1, w2, b2, w3, b3].every((array) => array.every(Number.isFinite));
}

const WEIGHTS = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;

/** The position bias as a host operation: the graph stops, the sweep kernel computes it, the graph goes on. */
export function sweepPositionBias(sweep: Sweep): PositionBias {
  return (points, side, layers) => biasOperation(sweep, points, side, layers);
}

function biasOperation(sweep: Sweep, points: Value, side: number, layers: PositionBiasLayers): Value {
  const [P, M] = points.shape as [number, number];
  const grid = { side, kvPoints: M };
  const inputs = [points, ...layers.flatMap(({ weight, bias }) => [weight, bias])];
  return hostOperation({
    name: 'PositionBias',
    inputs,
    outputs: [[P, side * side, M]],
    run: ([u, ...weights], [bias]) => sweep.forward(u as Float32Array, grid, named(weights), bias as Float32Array),
    gradient: ([upstream]) =>
      upstream === undefined
        ? []
        : hostOperation({
            name: 'PositionBiasGradient',
            inputs: [upstream, ...inputs],
            outputs: inputs.map(({ shape }) => shape),
            async run([g, u, ...weights], [du, ...dWeights]) {
              const d = await sweep.backward(u as Float32Array, grid, named(weights), g as Float32Array);
              (du as Float32Array).set(d.points);
              WEIGHTS.forEach((name, i) => {
                (dWeights[i] as Float32Array).set(d[name]);
              });
            },
          }),
  })[0];
}

function named(arrays: readonly TensorData[]): PositionBiasWeights {
  return Object.fromEntries(WEIGHTS.map((name, i) => [name, arrays[i]])) as unknown as PositionBiasWeights;
}
