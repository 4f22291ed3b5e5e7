import type { Kernel } from './kernel.js';
import type { Table } from './tables.js';

/** The queries, an s×s grid (N = s²), and M, the number of kv points of each of the P pairs of sample and group. */
export interface Grid {
  readonly side: number;
  readonly kvPoints: number;
}

/** So few kv points are placed sooner than other threads would begin. */
const FEW_POINTS = 1024;
const POINTS_PER_TASK = 16;

/** The memory of a call: where the keys stand to the queries, and its further areas. */
interface Placed {
  readonly places: number;
  readonly areas: readonly number[];
}

/** Lays the memory out for a call (see `Kernel.layOut`) and computes where the kv `points [groups, M, 2]` stand to the queries. */
export async function placeKeys(
  kernel: Kernel,
  table: Table,
  points: Float32Array,
  side: number,
  scratchBytes: number,
  sizes: readonly number[],
): Promise<Placed> {
  const n = points.length / 2;
  const [given, places, ...areas] = kernel.layOut(scratchBytes, [
    points.byteLength,
    n * kernel.size('placeBytes', side),
    ...sizes,
  ]) as [number, number, ...number[]];
  kernel.floats(given, points.length).set(points);
  const pointsOfTask = n <= FEW_POINTS ? n : POINTS_PER_TASK;
  await kernel.run('place', Math.ceil(n / pointsOfTask), [given, n, pointsOfTask, side, table.address, places]);
  return { places, areas };
}
