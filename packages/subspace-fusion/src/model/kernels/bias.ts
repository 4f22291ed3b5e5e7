import type { Kernel } from './kernel.js';
import { placeKeys, rowTasks, type Grid } from './keys.js';
import type { Table } from './tables.js';
import { addPieces, SUMS, weightGradients, type PositionBiasGradients, type PositionBiasWeights } from './weights.js';

/** The bias `[P, N, M]` of kv `points [P, M, 2]`, into `bias`. */
export async function biasForward(
  kernel: Kernel,
  table: Table,
  points: Float32Array,
  grid: Grid,
  bias: Float32Array,
): Promise<void> {
  const { side, kvPoints } = grid;
  for (const chunk of chunks(points, grid, bias)) {
    const scratch = kernel.size('biasScratchBytes', side);
    const { places, areas } = await placeKeys(kernel, table, chunk.points, side, scratch, [chunk.plane.byteLength]);
    const tasks = rowTasks(chunk.groups, grid);
    await kernel.run('biasForward', tasks, [places, kvPoints, side, table.address, areas[0]]);
    chunk.plane.set(kernel.floats(areas[0], chunk.plane.length));
  }
}

/** The gradients for the `upstream` gradient `[P, N, M]` of the bias. */
export async function biasBackward(
  kernel: Kernel,
  table: Table,
  points: Float32Array,
  grid: Grid,
  weights: PositionBiasWeights,
  upstream: Float32Array,
): Promise<PositionBiasGradients> {
  const { side, kvPoints } = grid;
  const sums = biasSums(kernel, table, points, grid);
  for (const chunk of chunks(points, grid, upstream)) {
    const scratch = kernel.size('biasScratchBytes', side);
    const tasks = rowTasks(chunk.groups, grid);
    const sizes = [chunk.plane.byteLength, tasks * sums.bytes];
    const { places, areas } = await placeKeys(kernel, table, chunk.points, side, scratch, sizes);
    const [plane, taskSums] = areas;
    kernel.floats(plane, chunk.plane.length).set(chunk.plane);
    await kernel.run('biasBackward', tasks, [places, kvPoints, side, table.address, plane, taskSums]);
    for (let task = 0; task < tasks; task++) {
      sums.add(taskSums + task * sums.bytes, chunk.first + Math.floor((task * chunk.groups) / tasks));
    }
  }
  return sums.gradients(weights);
}

/** What the tasks of the backward kernels sum of the bias, added up in the order of the tasks. */
interface BiasSums {
  /** Bytes of what a task sums. */
  readonly bytes: number;
  /** Adds what a task about this group summed. */
  add(address: number, group: number): void;
  gradients(weights: PositionBiasWeights): PositionBiasGradients;
}

export function biasSums(kernel: Kernel, table: Table, points: Float32Array, { kvPoints }: Grid): BiasSums {
  const ofPieces = new Float64Array(4 * table.pieces);
  const direct = new Float64Array(SUMS);
  const distances = new Float64Array(points.length);
  return {
    bytes: kernel.size('biasSumsBytes', table.pieces, kvPoints),
    add(address, group) {
      addTo(ofPieces, kernel.doubles(address, ofPieces.length));
      addTo(direct, kernel.doubles(address + ofPieces.byteLength, direct.length));
      const own = distances.subarray(group * kvPoints * 2, (group + 1) * kvPoints * 2);
      addTo(own, kernel.doubles(address + ofPieces.byteLength + direct.byteLength, own.length));
    },
    gradients(weights) {
      addPieces(ofPieces, kernel.integers(table.address + kernel.size('masksOffset'), 2 * table.pieces), direct);
      // d = q − u: the gradient of a point is minus that of the distances.
      return { points: Float32Array.from(distances, (d) => -d), ...weightGradients(direct, weights) };
    },
  };
}

function addTo(sum: Float64Array, part: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += part[i];
}

/** Bias values that stand in the kernels' memory at a time: 16 MiB, or one group where that is more. */
const CHUNK_FLOATS = 1 << 22;

/** Some groups, as many as stand in the kernels' memory at a time. */
interface Chunk {
  readonly first: number;
  readonly groups: number;
  readonly points: Float32Array; // [groups, M, 2]
  readonly plane: Float32Array; // [groups, N, M]: the bias, or its upstream gradient
}

/** `points [P, M, 2]` and `plane [P, N, M]` in chunks of whole groups. */
function chunks(points: Float32Array, { side, kvPoints }: Grid, plane: Float32Array): Chunk[] {
  const groups = points.length / 2 / kvPoints;
  const floats = side * side * kvPoints;
  if (side < 2 || !Number.isInteger(groups) || plane.length !== groups * floats) {
    const given = `${points.length} coordinates, side ${side}, ${kvPoints} kv points and ${plane.length} bias values`;
    throw new RangeError(`${given} do not fit together`);
  }
  const atOnce = Math.max(1, Math.floor(CHUNK_FLOATS / floats));
  return Array.from({ length: Math.ceil(groups / atOnce) }, (_, i) => {
    const first = i * atOnce;
    const end = Math.min(first + atOnce, groups);
    return {
      first,
      groups: end - first,
      points: points.subarray(first * kvPoints * 2, end * kvPoints * 2),
      plane: plane.subarray(first * floats, end * floats),
    };
  });
}
