/**
 * The position bias by itself, forward and backward. A task is some rows of the query grid and all keys of one group, as in attention.ts, so that what a task
 * sums is the same there.
 */
import { PLACE, placeBytes } from './places';
import { foundBytes, putBias, takeGradients, useList } from './lookup';
import { clearSums, directSums, distanceSums, sumsBytes } from './sums';
import { openTable, pieceCount } from './table';
import { firstRowOf, nextTask, tasksOfGroup } from './tasks';

/** Bytes of scratch memory a thread needs for a grid of side s. */
export function biasScratchBytes(s: i32): usize {
  return 3 * foundBytes(s);
}

/** bias [P, N, M], N = s². */
export function biasForward(counter: usize, tasks: i32, places: usize, kvPoints: i32, s: i32, table: usize, bias: usize, scratch: usize): void {
  openTable(table);
  useList(scratch);
  const found = scratch + foundBytes(s);
  const line = found + foundBytes(s);
  const parts = tasksOfGroup(s);
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const group = task / parts;
    const part = task - group * parts;
    for (let row = firstRowOf(part, s); row < firstRowOf(part + 1, s); row++) {
      const out = bias + ((<usize>(group * s * s + row * s) * <usize>kvPoints) << 2);
      for (let j = 0; j < kvPoints; j++) {
        const columns = places + <usize>(group * kvPoints + j) * placeBytes(s);
        putBias(columns, s, load<f64>(columns + <usize>(s + row) * PLACE), line, found);
        for (let c = 0; c < s; c++) store<f32>(out + (<usize>(c * kvPoints + j) << 2), load<f32>(line + (<usize>c << 2)));
      }
    }
  }
}

/** What the tasks sum, for upstream [P, N, M]. */
export function biasBackward(
  counter: usize, tasks: i32, places: usize, kvPoints: i32, s: i32, table: usize, upstream: usize, taskSums: usize, scratch: usize,
): void {
  openTable(table);
  useList(scratch);
  const found = scratch + foundBytes(s);
  const line = found + foundBytes(s);
  const bytes = sumsBytes(pieceCount, kvPoints, 0);
  const parts = tasksOfGroup(s);
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const group = task / parts;
    const part = task - group * parts;
    const sums = taskSums + <usize>task * bytes;
    const direct = directSums(sums, pieceCount);
    const distances = distanceSums(sums, pieceCount);
    clearSums(sums, bytes);
    for (let row = firstRowOf(part, s); row < firstRowOf(part + 1, s); row++) {
      const from = upstream + ((<usize>(group * s * s + row * s) * <usize>kvPoints) << 2);
      for (let j = 0; j < kvPoints; j++) {
        const columns = places + <usize>(group * kvPoints + j) * placeBytes(s);
        const at = columns + <usize>(s + row) * PLACE;
        putBias(columns, s, load<f64>(at), line, found);
        for (let c = 0; c < s; c++) store<f32>(line + (<usize>c << 2), load<f32>(from + (<usize>(c * kvPoints + j) << 2)));
        takeGradients(columns, s, at, found, line, sums, direct, distances + (<usize>j << 4));
      }
    }
  }
}
