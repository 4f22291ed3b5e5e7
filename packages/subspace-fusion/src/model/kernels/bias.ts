import type { Kernel } from './kernel.js';
import { placeKeys, type Grid } from './keys.js';
import type { Table } from './tables.js';
import { gatherSums } from './sums.js';
import type { PositionBiasGradients, PositionBiasWeights } from './weights.js';

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
    const tasks = chunk.groups * kernel.size('tasksOfGroup', side);
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
  const sums = gatherSums(kernel, table, points.length, grid, false);
  for (const chunk of chunks(points, grid, upstream)) {
    const scratch = kernel.size('biasScratchBytes', side);
    const tasks = chunk.groups * kernel.size('tasksOfGroup', side);
    const sizes = [chunk.plane.byteLength, tasks * sums.bytes];
    const { places, areas } = await placeKeys(kernel, table, chunk.points, side, scratch, sizes);
    const [plane, taskSums] = areas;
    kernel.floats(plane, chunk.plane.length).set(chunk.plane);
    await kernel.run('biasBackward', tasks, [places, kvPoints, side, table.address, plane, taskSums]);
    sums.add(taskSums, chunk.first, chunk.groups);
  }
  return sums.gradients(weights);
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
