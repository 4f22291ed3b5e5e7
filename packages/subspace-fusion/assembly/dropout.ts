import { nextTask } from './tasks';

/** Elements of one task. */
const ELEMENTS_PER_TASK: i32 = 1 << 16;

/** What a draw's counter is multiplied by: the random bits of draw i of the stream `key` are mix(i·STRIDE + key), as in random/counter.ts. */
export const STRIDE: i32 = <i32>0x9e3779b1;

/**
 * out[i] = value where the random bits of draw i are at most `threshold`, else 0. Counts on from draw `firstDraw`. `out` has room for whole vectors.
 */
export function dropoutMask(counter: usize, tasks: i32, out: usize, n: i32, firstDraw: i32, key: i32, threshold: i32, value: f32): void {
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const begin = task * ELEMENTS_PER_TASK;
    maskRange(out, begin, min(begin + ELEMENTS_PER_TASK, n), firstDraw, key, threshold, value);
  }
}

function maskRange(out: usize, begin: i32, end: i32, firstDraw: i32, key: i32, threshold: i32, value: f32): void {
  let x = fourDraws(firstDraw + begin, 1, key);
  const step = i32x4.splat(4 * STRIDE);
  const limit = i32x4.splat(threshold);
  const kept = f32x4.splat(value);
  const last = out + (<usize>end << 2);
  for (let at = out + (<usize>begin << 2); at < last; at += 16) {
    v128.store(at, v128.and(kept, i32x4.le_u(mix(x), limit)));
    x = i32x4.add(x, step);
  }
}

/** The states, before mixing, of draws first, first + apart, first + 2·apart, first + 3·apart. */
// @ts-ignore: decorator
@inline
export function fourDraws(first: i32, apart: i32, key: i32): v128 {
  const draws = i32x4.add(i32x4.splat(first), i32x4.mul(i32x4.splat(apart), i32x4(0, 1, 2, 3)));
  return i32x4.add(i32x4.mul(draws, i32x4.splat(STRIDE)), i32x4.splat(key));
}

/** The avalanche of counter.ts, four at a time. */
// @ts-ignore: decorator
@inline
export function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(<i32>0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32>0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}
