/**
 * Forward sweep. bias(q, j) = w₃·ReLU(z) + b₃, where along a grid row z = A·u + C is piecewise linear with C = B·v + D: start
 * from the plane of the first column, walk the columns, and add S_i·α_i·W₂[:,i] to A and S_i·γ_i·W₂[:,i] to C where unit i switches
 * (S_i = 1: on, S_i = −1: off). The 32 second-layer units are walked in two slices of 16, so that A and C stay in registers.
 */
import {
  BIAS2, BIAS3, COLUMNS2, SIGNED_ALPHA, UNIT_ROW, WEIGHT3, logX, logY, rowWork, rowWorkHalf, side, signedGamma, startA, startB, startD,
  switchSets, useLayout, weights,
} from './layout';
import { placePoint } from './log-distance';
import { computeStart } from './plane';
import { initialiseSwitches, refreshSwitches, unitsOnAtStart, walkSwitches } from './switches';
import { POINTS_PER_TASK, nextTask } from './tasks';

/** The set whose plane startA, startB, startD hold. */
let startSet: u32 = 0;

/**
 * bias [P, N, M] of points [P, M, 2]; a task is 16 kv points of one group.
 */
export function forward(
  counter: usize, tasks: i32, points: usize, kvPoints: i32, s: i32, weightBlock: usize, bias: usize, scratch: usize,
): void {
  useLayout(s, weightBlock, scratch);
  initialiseSwitches();
  startSet = 0;
  computeStart(startSet);
  const tasksPerGroup = (kvPoints + POINTS_PER_TASK - 1) / POINTS_PER_TASK;
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const group = task / tasksPerGroup;
    const first = (task - group * tasksPerGroup) * POINTS_PER_TASK;
    const last = min(first + POINTS_PER_TASK, kvPoints);
    const groupPoints = points + <usize>(group * kvPoints) * 8;
    const groupBias = bias + ((<usize>group * <usize>(s * s) * <usize>kvPoints) << 2);
    for (let j = first; j < last; j++) sweepPoint(groupPoints + <usize>j * 8, groupBias + (<usize>j << 2), <usize>kvPoints << 2);
  }
}

/** The bias of one kv point at every query; neighbouring queries lie `stride` bytes apart. */
function sweepPoint(point: usize, out: usize, stride: usize): void {
  placePoint(point);
  refreshSwitches();
  for (let row = 0; row < side; row++) {
    const v = load<f32>(logY + (<usize>row << 2));
    walkSwitches(v);
    const set = unitsOnAtStart();
    if (set != startSet) {
      computeStart(set);
      startSet = set;
    }
    sweepSlice(v, 0, rowWork);
    sweepSlice(v, UNIT_ROW / 2, rowWork + rowWorkHalf);
    out = storeRow(out, stride);
  }
}

/** One row for 16 second-layer units (from byte offset k of a row of units): Σ_k w₃·ReLU(z), four partial sums a column. */
function sweepSlice(v: f32, k: usize, partial: usize): void {
  const zero = f32x4.splat(0);
  const vs = f32x4.splat(v);
  const w0 = v128.load(weights + k, WEIGHT3);
  const w1 = v128.load(weights + k, WEIGHT3 + 16);
  const w2 = v128.load(weights + k, WEIGHT3 + 32);
  const w3 = v128.load(weights + k, WEIGHT3 + 48);
  let a0 = v128.load(startA + k);
  let a1 = v128.load(startA + k, 16);
  let a2 = v128.load(startA + k, 32);
  let a3 = v128.load(startA + k, 48);
  let c0 = f32x4.add(f32x4.mul(v128.load(startB + k), vs), v128.load(startD + k));
  let c1 = f32x4.add(f32x4.mul(v128.load(startB + k, 16), vs), v128.load(startD + k, 16));
  let c2 = f32x4.add(f32x4.mul(v128.load(startB + k, 32), vs), v128.load(startD + k, 32));
  let c3 = f32x4.add(f32x4.mul(v128.load(startB + k, 48), vs), v128.load(startD + k, 48));
  const columns2 = weights + COLUMNS2 + k;
  const last = <usize>(side - 1) << 2;
  let on = startSet;
  let column: usize = 0;
  while (true) {
    const u = v128.load_splat<f32>(logX + column);
    let sum = f32x4.mul(w0, f32x4.pmax(f32x4.add(f32x4.mul(a0, u), c0), zero));
    sum = f32x4.add(sum, f32x4.mul(w1, f32x4.pmax(f32x4.add(f32x4.mul(a1, u), c1), zero)));
    sum = f32x4.add(sum, f32x4.mul(w2, f32x4.pmax(f32x4.add(f32x4.mul(a2, u), c2), zero)));
    sum = f32x4.add(sum, f32x4.mul(w3, f32x4.pmax(f32x4.add(f32x4.mul(a3, u), c3), zero)));
    v128.store(partial + (column << 2), sum);
    if (column == last) break;
    column += 4;
    let set = load<u32>(switchSets + column);
    if (set == 0) continue;
    on ^= set;
    for (; set != 0; set &= set - 1) {
      const i = <usize>ctz(set);
      const alpha = v128.load_splat<f32>(weights + (i << 2), SIGNED_ALPHA);
      const gamma = v128.load_splat<f32>(signedGamma + (i << 2));
      const w = columns2 + i * UNIT_ROW;
      const x0 = v128.load(w);
      const x1 = v128.load(w, 16);
      const x2 = v128.load(w, 32);
      const x3 = v128.load(w, 48);
      a0 = f32x4.add(a0, f32x4.mul(x0, alpha));
      a1 = f32x4.add(a1, f32x4.mul(x1, alpha));
      a2 = f32x4.add(a2, f32x4.mul(x2, alpha));
      a3 = f32x4.add(a3, f32x4.mul(x3, alpha));
      c0 = f32x4.add(c0, f32x4.mul(x0, gamma));
      c1 = f32x4.add(c1, f32x4.mul(x1, gamma));
      c2 = f32x4.add(c2, f32x4.mul(x2, gamma));
      c3 = f32x4.add(c3, f32x4.mul(x3, gamma));
    }
    if (on == 0) {
      // All units off: z = b₂ exactly, without what rounding left behind.
      a0 = a1 = a2 = a3 = zero;
      c0 = v128.load(weights + k, BIAS2);
      c1 = v128.load(weights + k, BIAS2 + 16);
      c2 = v128.load(weights + k, BIAS2 + 32);
      c3 = v128.load(weights + k, BIAS2 + 48);
    }
  }
}

/** Adds up the partial sums of a row and stores b₃ + sum for each column; returns where the next row starts. */
function storeRow(out: usize, stride: usize): usize {
  const bias3 = v128.load_splat<f32>(weights, BIAS3);
  let left = side;
  for (let partial = rowWork; left > 0; partial += 64, left -= 4) {
    const sums = f32x4.add(fourSums(partial), f32x4.add(fourSums(partial + rowWorkHalf), bias3));
    v128.store_lane<f32>(out, sums, 0);
    if (left > 1) v128.store_lane<f32>(out + stride, sums, 1);
    if (left > 2) v128.store_lane<f32>(out + 2 * stride, sums, 2);
    if (left > 3) v128.store_lane<f32>(out + 3 * stride, sums, 3);
    out += <usize>min(left, 4) * stride;
  }
  return out;
}

/** The sums of four vectors in a row, as one vector. */
// @ts-ignore: decorator
@inline
function fourSums(from: usize): v128 {
  const a = v128.load(from);
  const b = v128.load(from, 16);
  const c = v128.load(from, 32);
  const d = v128.load(from, 48);
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
