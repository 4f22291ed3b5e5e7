/** The perceptron 2 → 32 ReLU → 32 ReLU → 1 evaluated as it is written, at one pair (u, v): on which side of each kink it lies, its value, its gradients. */
import { UNITS, UNIT_ROW, alpha, beta, bias1, bias2, bias3, columns2, weight3 } from './table';

/** c + a·u + b·v of unit i, whose coefficients lie in three rows of units. */
// @ts-ignore: decorator
@inline
function unitAt(i: i32, a: usize, b: usize, c: usize, u: f64, v: f64): f64 {
  const at = <usize>i << 3;
  return load<f64>(c + at) + load<f64>(a + at) * u + load<f64>(b + at) * v;
}

/** The first-layer units that are on. */
function firstLayerAt(u: f64, v: f64): u32 {
  let on: u32 = 0;
  for (let i = 0; i < UNITS; i++) {
    if (unitAt(i, alpha, beta, bias1, u, v) > 0) on |= 1 << i;
  }
  return on;
}

/** z_k for the first-layer units that are on. */
function secondUnitAt(k: i32, on: u32, u: f64, v: f64): f64 {
  let z = load<f64>(bias2 + (<usize>k << 3));
  for (let set = on; set != 0; set &= set - 1) {
    const i = ctz(set);
    z += load<f64>(columns2 + <usize>i * UNIT_ROW + (<usize>k << 3)) * unitAt(i, alpha, beta, bias1, u, v);
  }
  return z;
}

/** The value at (u, v). */
export function valueAt(u: f64, v: f64): f64 {
  const on = firstLayerAt(u, v);
  let value = load<f64>(bias3);
  for (let k = 0; k < UNITS; k++) {
    const z = secondUnitAt(k, on, u, v);
    if (z > 0) value += load<f64>(weight3 + (<usize>k << 3)) * z;
  }
  return value;
}

/** The slopes that `gradientsAt` found. */
export let slopeU: f64 = 0;
export let slopeV: f64 = 0;

/**
 * What gradients of the weights are made of (by model/kernels/weights.ts): Σ g, Σ g·u, Σ g·v of the pairs where units i and k are on, [32 i][32 k] each, then
 * Σ g for each k where it is on, then Σ g; all f64.
 */
const MATRIX: usize = 32 * UNIT_ROW;
export const WEIGHT_SUMS: usize = 3 * MATRIX + UNIT_ROW + 8;

/** Adds Σ g, Σ g·u, Σ g·v of pairs where these units are on. */
export function addWeightSums(mask1: u32, mask2: u32, g: f64, gu: f64, gv: f64, sums: usize): void {
  for (let set = mask2; set != 0; set &= set - 1) {
    const k = <usize>ctz(set) << 3;
    for (let rest = mask1; rest != 0; rest &= rest - 1) {
      const at = sums + <usize>ctz(rest) * UNIT_ROW + k;
      store<f64>(at, load<f64>(at) + g);
      store<f64>(at, load<f64>(at, MATRIX) + gu, MATRIX);
      store<f64>(at, load<f64>(at, 2 * MATRIX) + gv, 2 * MATRIX);
    }
    store<f64>(sums + k, load<f64>(sums + k, 3 * MATRIX) + g, 3 * MATRIX);
  }
  store<f64>(sums, load<f64>(sums, 3 * MATRIX + UNIT_ROW) + g, 3 * MATRIX + UNIT_ROW);
}

/** Sets the slopes at (u, v), and adds what the upstream gradient g there means for the weights to `sums`. */
export function gradientsAt(u: f64, v: f64, g: f64, sums: usize): void {
  const on = firstLayerAt(u, v);
  let second: u32 = 0;
  slopeU = slopeV = 0;
  for (let k = 0; k < UNITS; k++) {
    if (!(secondUnitAt(k, on, u, v) > 0)) continue;
    second |= 1 << k;
    const w3 = load<f64>(weight3 + (<usize>k << 3));
    for (let set = on; set != 0; set &= set - 1) {
      const i = <usize>ctz(set);
      const w = w3 * load<f64>(columns2 + i * UNIT_ROW + (<usize>k << 3));
      slopeU += w * load<f64>(alpha + (i << 3));
      slopeV += w * load<f64>(beta + (i << 3));
    }
  }
  addWeightSums(on, second, g, g * u, g * v, sums);
}
