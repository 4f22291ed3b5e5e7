/**
 * Backward sweep. With the upstream gradient g and e_k = g·[z_k > 0] (the gradient of z_k is w₃[k]·e_k; w₃ is multiplied in by
 * sweep-gradients.ts, after all sums), unit i needs over the columns where it is on
 *   T₀[i,k] = Σ e_k,  T₁[i,k] = Σ e_k·u,  T_v[i,k] = Σ e_k·v,  summed over rows and kv points.
 * Along a row the running sums P₀ = Σ e, P₁ = Σ e·u are noted where unit i switches: T₀ = [on at the end]·P₀(end) − S_i·P₀(switch).
 * The kv point's gradient is summed per k: in x Σ dℓ/dd·e_k·A_k, in y Σ_rows dℓ/dd·Σ_i β_i·W₂[k,i]·(T₀ of the row).
 */
import {
  BETA, BIAS2, COLUMNS2, SIGN, SIGNED_ALPHA, SIGNED_BETA, UNITS, UNIT_MATRIX, UNIT_ROW, WEIGHT3, endB, logX, logY, rowTotals, rowWork,
  rowWorkHalf, side, signedGamma, slopeX, slopeY, slopes, startA, startB, startD, switchSets, useLayout, weights,
} from './layout';
import { placePoint } from './log-distance';
import { addColumns, computeStart } from './plane';
import { initialiseSwitches, refreshSwitches, unitsOnAtEnd, unitsOnAtStart, walkSwitches } from './switches';
import { POINTS_PER_TASK, nextTask } from './tasks';

// What a task hands back: T₀, T₁, T_v, each [32 i][32 k], then Σ e_k [32] and Σ g.
const TOTAL_E: usize = 3 * UNIT_MATRIX;
const TOTAL_G: usize = TOTAL_E + UNIT_ROW;
const SUMS_BYTES: usize = TOTAL_G + 64;

/** Bytes of the sums of one task. */
export function sumsBytes(): usize {
  return SUMS_BYTES;
}

/** The set whose plane startA, startB, startD hold, and the set of endB and rowTotals. */
let startSet: u32 = 0;
let endSet: u32 = 0;
/** The sums of the current task, T₀ and T₁ and T_v multiplied by S_i until the task ends. */
let sums: usize = 0;
let sumG: f64 = 0;

/**
 * Gradients of points [P, M, 2] for upstream [P, N, M], and each task's sums for the gradients of the weights. Tasks as in forward.
 */
export function backward(
  counter: usize, tasks: i32, points: usize, kvPoints: i32, s: i32, weightBlock: usize, upstream: usize, pointGradients: usize,
  taskSums: usize, scratch: usize,
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
    const groupUpstream = upstream + ((<usize>group * <usize>(s * s) * <usize>kvPoints) << 2);
    beginSums(taskSums + <usize>task * SUMS_BYTES);
    for (let j = first; j < last; j++) {
      const point = <usize>(group * kvPoints + j) * 8;
      sweepPoint(points + point, groupUpstream + (<usize>j << 2), <usize>kvPoints << 2, pointGradients + point);
    }
    endSums();
  }
}

function beginSums(taskSums: usize): void {
  sums = taskSums;
  sumG = 0;
  memory.fill(sums, 0, SUMS_BYTES);
  memory.fill(rowTotals, 0, 3 * UNIT_ROW);
  changeEndSet(0);
}

/** Completes the sums: T = S_i·(S_i·T). */
function endSums(): void {
  addRowTotals();
  store<f32>(sums, <f32>sumG, TOTAL_G);
  for (let i: usize = 0; i < <usize>UNITS; i++) {
    const sign = v128.load_splat<f32>(weights + (i << 2), SIGN);
    for (let k: usize = 0; k < UNIT_ROW; k += 16) {
      const at = sums + i * UNIT_ROW + k;
      v128.store(at, f32x4.mul(sign, v128.load(at)));
      v128.store(at, f32x4.mul(sign, v128.load(at, UNIT_MATRIX)), UNIT_MATRIX);
      v128.store(at, f32x4.mul(sign, v128.load(at, 2 * UNIT_MATRIX)), 2 * UNIT_MATRIX);
    }
  }
}

/** Gives the row totals gathered so far to the units that were on at the end of those rows, and starts them afresh. */
function addRowTotals(): void {
  for (let k: usize = 0; k < UNIT_ROW; k += 16) {
    const total0 = v128.load(rowTotals + k);
    const total1 = v128.load(rowTotals + k, UNIT_ROW);
    const totalV = v128.load(rowTotals + k, 2 * UNIT_ROW);
    for (let set = endSet; set != 0; set &= set - 1) {
      const i = <usize>ctz(set);
      const sign = v128.load_splat<f32>(weights + (i << 2), SIGN);
      const at = sums + i * UNIT_ROW + k;
      v128.store(at, f32x4.add(v128.load(at), f32x4.mul(sign, total0)));
      v128.store(at, f32x4.add(v128.load(at, UNIT_MATRIX), f32x4.mul(sign, total1)), UNIT_MATRIX);
      v128.store(at, f32x4.add(v128.load(at, 2 * UNIT_MATRIX), f32x4.mul(sign, totalV)), 2 * UNIT_MATRIX);
    }
    v128.store(sums + k, f32x4.add(v128.load(sums + k, TOTAL_E), total0), TOTAL_E);
  }
  memory.fill(rowTotals, 0, 3 * UNIT_ROW);
}

function changeEndSet(set: u32): void {
  endSet = set;
  memory.fill(endB, 0, UNIT_ROW);
  addColumns(set, weights + BETA, endB);
}

/** Adds one kv point's part to the sums and stores its own gradient. */
function sweepPoint(point: usize, upstream: usize, stride: usize, gradient: usize): void {
  placePoint(point);
  refreshSwitches();
  memory.fill(slopes, 0, 2 * UNIT_ROW);
  for (let row = 0; row < side; row++) {
    const v = load<f32>(logY + (<usize>row << 2));
    const slope = load<f32>(slopeY + (<usize>row << 2));
    walkSwitches(v);
    const atStart = unitsOnAtStart();
    if (atStart != startSet) {
      computeStart(atStart);
      startSet = atStart;
    }
    const atEnd = unitsOnAtEnd();
    if (atEnd != endSet) {
      addRowTotals();
      changeEndSet(atEnd);
    }
    upstream = readRow(upstream, stride);
    for (let k: usize = 0; k < UNIT_ROW; k += 32) sweepSlice(v, slope, k);
  }
  // d = q − u: the gradient of the point is minus that of the distance.
  store<f32>(gradient, -sumUnits(slopes));
  store<f32>(gradient, -sumUnits(slopes + UNIT_ROW), 4);
}

/** Gathers g and g·dℓ/dd of a row, and adds to Σ g; returns where the next row starts. */
function readRow(upstream: usize, stride: usize): usize {
  const slopeWork = rowWork + rowWorkHalf;
  for (let column: usize = 0; column < <usize>side << 2; column += 4) {
    const g = load<f32>(upstream);
    store<f32>(rowWork + column, g);
    store<f32>(slopeWork + column, g * load<f32>(slopeX + column));
    sumG += <f64>g;
    upstream += stride;
  }
  return upstream;
}

/** One row for 8 second-layer units (from byte offset k of a row of units). */
function sweepSlice(v: f32, slope: f32, k: usize): void {
  const zero = f32x4.splat(0);
  const vs = f32x4.splat(v);
  let a0 = v128.load(startA + k);
  let a1 = v128.load(startA + k, 16);
  let c0 = f32x4.add(f32x4.mul(v128.load(startB + k), vs), v128.load(startD + k));
  let c1 = f32x4.add(f32x4.mul(v128.load(startB + k, 16), vs), v128.load(startD + k, 16));
  let p0 = zero; // P₀
  let p1 = zero;
  let q0 = zero; // P₁
  let q1 = zero;
  let x0 = v128.load(slopes + k); // Σ dℓ/dd·e·A
  let x1 = v128.load(slopes + k, 16);
  let y0 = zero; // Σ_i β_i·W₂[k,i]·T₀
  let y1 = zero;
  const columns2 = weights + COLUMNS2 + k;
  const slopeWork = rowWork + rowWorkHalf;
  const last = <usize>(side - 1) << 2;
  let on = startSet;
  let column: usize = 0;
  while (true) {
    const u = v128.load_splat<f32>(logX + column);
    const g = v128.load_splat<f32>(rowWork + column);
    const gSlope = v128.load_splat<f32>(slopeWork + column);
    const on0 = f32x4.gt(f32x4.add(f32x4.mul(a0, u), c0), zero);
    const e0 = v128.and(on0, g);
    p0 = f32x4.add(p0, e0);
    q0 = f32x4.add(q0, f32x4.mul(e0, u));
    x0 = f32x4.add(x0, f32x4.mul(v128.and(on0, gSlope), a0));
    const on1 = f32x4.gt(f32x4.add(f32x4.mul(a1, u), c1), zero);
    const e1 = v128.and(on1, g);
    p1 = f32x4.add(p1, e1);
    q1 = f32x4.add(q1, f32x4.mul(e1, u));
    x1 = f32x4.add(x1, f32x4.mul(v128.and(on1, gSlope), a1));
    if (column == last) break;
    column += 4;
    let set = load<u32>(switchSets + column);
    if (set == 0) continue;
    on ^= set;
    for (; set != 0; set &= set - 1) {
      const i = <usize>ctz(set);
      const w = columns2 + i * UNIT_ROW;
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      const alpha = v128.load_splat<f32>(weights + (i << 2), SIGNED_ALPHA);
      a0 = f32x4.add(a0, f32x4.mul(w0, alpha));
      a1 = f32x4.add(a1, f32x4.mul(w1, alpha));
      const gamma = v128.load_splat<f32>(signedGamma + (i << 2));
      c0 = f32x4.add(c0, f32x4.mul(w0, gamma));
      c1 = f32x4.add(c1, f32x4.mul(w1, gamma));
      const beta = v128.load_splat<f32>(weights + (i << 2), SIGNED_BETA);
      y0 = f32x4.sub(y0, f32x4.mul(f32x4.mul(w0, beta), p0));
      y1 = f32x4.sub(y1, f32x4.mul(f32x4.mul(w1, beta), p1));
      const at = sums + i * UNIT_ROW + k;
      v128.store(at, f32x4.sub(v128.load(at), p0));
      v128.store(at, f32x4.sub(v128.load(at, 16), p1), 16);
      v128.store(at, f32x4.sub(v128.load(at, UNIT_MATRIX), q0), UNIT_MATRIX);
      v128.store(at, f32x4.sub(v128.load(at, UNIT_MATRIX + 16), q1), UNIT_MATRIX + 16);
      v128.store(at, f32x4.sub(v128.load(at, 2 * UNIT_MATRIX), f32x4.mul(vs, p0)), 2 * UNIT_MATRIX);
      v128.store(at, f32x4.sub(v128.load(at, 2 * UNIT_MATRIX + 16), f32x4.mul(vs, p1)), 2 * UNIT_MATRIX + 16);
    }
    if (on == 0) {
      // All units off: z = b₂ exactly, without what rounding left behind.
      a0 = a1 = zero;
      c0 = v128.load(weights + k, BIAS2);
      c1 = v128.load(weights + k, BIAS2 + 16);
    }
  }
  v128.store(slopes + k, x0);
  v128.store(slopes + k, x1, 16);
  endRow(k, vs, slope, p0, q0, y0);
  endRow(k + 16, vs, slope, p1, q1, y1);
}

/** Adds P₀, P₁ and v·P₀ at the end of a row to the row totals, and the row's part to the gradient in y. */
// @ts-ignore: decorator
@inline
function endRow(k: usize, v: v128, slope: f32, p: v128, q: v128, y: v128): void {
  const total = rowTotals + k;
  v128.store(total, f32x4.add(v128.load(total), p));
  v128.store(total, f32x4.add(v128.load(total, UNIT_ROW), q), UNIT_ROW);
  v128.store(total, f32x4.add(v128.load(total, 2 * UNIT_ROW), f32x4.mul(v, p)), 2 * UNIT_ROW);
  const rowY = f32x4.add(y, f32x4.mul(p, v128.load(endB + k)));
  const slopesY = slopes + UNIT_ROW + k;
  v128.store(slopesY, f32x4.add(v128.load(slopesY), f32x4.mul(f32x4.splat(slope), rowY)));
}

/** Σ_k w₃[k]·values[k]. */
function sumUnits(values: usize): f32 {
  let sum: f32 = 0;
  for (let k: usize = 0; k < UNIT_ROW; k += 4) sum += load<f32>(weights + k, WEIGHT3) * load<f32>(values + k);
  return sum;
}
