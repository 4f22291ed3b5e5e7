/**
 * What a backward task sums: of each piece f64 Σ g, Σ g·u, Σ g·v and one unused; of what is computed directly, whether there is any (u64) and the sums of
 * perceptron.ts; of each key the gradient of the distance, f64 x and y; in attention then the gradients of keys and of values, f32 [M][16] each.
 * Sums of tasks are added up in the order of the tasks, whoever computed them.
 */
import { WEIGHT_SUMS, addWeightSums } from './perceptron';
import { masks, openTable, pieceCount } from './table';
import { KEY } from './tile';

/** Bytes of what a task sums. */
export function sumsBytes(pieces: i32, kvPoints: i32, attention: i32): usize {
  return keySums(0, pieces, kvPoints) + <usize>attention * 2 * <usize>kvPoints * KEY;
}

// @ts-ignore: decorator
@inline
export function directSums(sums: usize, pieces: i32): usize {
  return sums + (<usize>pieces << 5);
}

/** Where the distances of the keys are summed. */
// @ts-ignore: decorator
@inline
export function distanceSums(sums: usize, pieces: i32): usize {
  return directSums(sums, pieces) + 8 + WEIGHT_SUMS;
}

// @ts-ignore: decorator
@inline
export function keySums(sums: usize, pieces: i32, kvPoints: i32): usize {
  return distanceSums(sums, pieces) + (<usize>kvPoints << 4);
}

/** Sets the sums of a task to 0, but for those of what is computed directly: `useDirectSums` does when they are needed. */
export function clearSums(sums: usize, bytes: usize): void {
  const direct = directSums(sums, pieceCount);
  const distances = distanceSums(sums, pieceCount);
  memory.fill(sums, 0, direct + 8 - sums);
  memory.fill(distances, 0, sums + bytes - distances);
}

/** The weights' sums of a task's direct pairs. */
export function useDirectSums(direct: usize): usize {
  if (load<u64>(direct) == 0) memory.fill(direct + 8, 0, WEIGHT_SUMS);
  store<u64>(direct, 1);
  return direct + 8;
}

/** Adds up what the tasks summed: of each group in the place of its first task, and for the weights in `weightSums`. */
export function addUpTasks(taskSums: usize, tasks: i32, tasksOfGroup: i32, kvPoints: i32, attention: i32, table: usize, weightSums: usize): void {
  openTable(table);
  const bytes = sumsBytes(pieceCount, kvPoints, attention);
  for (let task = 0; task < tasks; task++) {
    const sums = taskSums + <usize>task * bytes;
    const first = sums - <usize>(task % tasksOfGroup) * bytes;
    if (first == sums) continue;
    addDoubles(distanceSums(first, pieceCount), distanceSums(sums, pieceCount), <usize>kvPoints << 4);
    const floats = keySums(sums, pieceCount, kvPoints);
    addFloats(keySums(first, pieceCount, kvPoints), floats, sums + bytes - floats);
  }
  memory.fill(weightSums, 0, WEIGHT_SUMS);
  for (let task = 0; task < tasks; task++) {
    const sums = taskSums + <usize>task * bytes;
    if (task > 0) addDoubles(taskSums, sums, <usize>pieceCount << 5);
    const direct = directSums(sums, pieceCount);
    if (load<u64>(direct) != 0) addDoubles(weightSums, direct + 8, WEIGHT_SUMS);
  }
  for (let piece = 1; piece < pieceCount; piece++) {
    const at = taskSums + (<usize>piece << 5);
    const on = masks + (<usize>piece << 3);
    addWeightSums(load<u32>(on), load<u32>(on, 4), load<f64>(at), load<f64>(at, 8), load<f64>(at, 16), weightSums);
  }
}

function addDoubles(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<f64>(to + at, load<f64>(to + at) + load<f64>(from + at));
}

function addFloats(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
}
