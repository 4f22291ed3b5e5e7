/**
 * Where the first layer switches. Along a grid row v is fixed and u = ℓ_x grows with the column. Unit i is on where
 * α_i·u + γ_i > 0, γ_i = β_i·v + b_i, so it switches at most once: its switch column c is the first column where it is in its
 * right-hand state (on for α_i ≥ 0, off for α_i < 0), and c = s where there is none. Rounding is monotone, so all this holds
 * for the float32 values too. From one row to the next γ_i moves by little: c is walked, not searched.
 *
 * switchSets[c] holds the units of switch column c. Those of column 0 and of column s do not switch within the row.
 */
import {
  ALPHA, BETA, BIAS1, SIGN, UNITS, logX, side, signedGamma, switchColumn, switchSets, uAt, uBefore, weights,
} from './layout';

/** The units that are on to the right of their switch: α_i ≥ 0. */
export let rightOn: u32 = 0;

/** Puts every unit at switch column 0; the first row walks it to its place. */
export function initialiseSwitches(): void {
  rightOn = 0;
  for (let i = 0; i < UNITS; i++) {
    if (load<f32>(weights + SIGN + (<usize>i << 2)) > 0) rightOn |= 1 << i;
  }
  memory.fill(switchColumn, 0, UNITS << 2);
  memory.fill(switchSets, 0, <usize>(side + 1) << 2);
  store<u32>(switchSets, <u32>-1);
}

/** Reads ℓ_x on either side of every switch again, after a change of the kv point. */
export function refreshSwitches(): void {
  for (let i = 0; i < UNITS; i++) noteNeighbours(<usize>i << 2, load<i32>(switchColumn + (<usize>i << 2)));
}

// @ts-ignore: decorator
@inline
function noteNeighbours(unit: usize, column: i32): void {
  const u = logX + (<usize>column << 2);
  store<f32>(uBefore + unit, load<f32>(u - 4));
  store<f32>(uAt + unit, load<f32>(u));
}

/** Moves to the grid row with ℓ_y = v: γ of every unit, and the switches that this moves. */
export function walkSwitches(v: f32): void {
  const vs = f32x4.splat(v);
  const zero = f32x4.splat(0);
  for (let unit: usize = 0; unit < <usize>UNITS << 2; unit += 16) {
    const alpha = v128.load(weights + unit, ALPHA);
    const sign = v128.load(weights + unit, SIGN);
    const gamma = f32x4.add(f32x4.mul(v128.load(weights + unit, BETA), vs), v128.load(weights + unit, BIAS1));
    v128.store(signedGamma + unit, f32x4.mul(sign, gamma));
    const onBefore = f32x4.gt(f32x4.add(f32x4.mul(alpha, v128.load(uBefore + unit)), gamma), zero);
    const onAt = f32x4.gt(f32x4.add(f32x4.mul(alpha, v128.load(uAt + unit)), gamma), zero);
    const right = f32x4.gt(sign, zero);
    // Right where the state before the switch is not the right-hand one, and the state at it is.
    const wrong = v128.or(v128.not(v128.xor(onBefore, right)), v128.xor(onAt, right));
    for (let lanes = i32x4.bitmask(wrong); lanes != 0; lanes &= lanes - 1) walkUnit(unit + (<usize>ctz(lanes) << 2), v);
  }
}

/** Walks the switch of one unit (given by its byte offset) to its column. */
function walkUnit(unit: usize, v: f32): void {
  const alpha = load<f32>(weights + unit, ALPHA);
  const gamma = load<f32>(weights + unit, BETA) * v + load<f32>(weights + unit, BIAS1);
  const right = load<f32>(weights + unit, SIGN) > 0;
  const from = load<i32>(switchColumn + unit);
  let c = from;
  while (c > 0 && isOn(alpha, gamma, c - 1) == right) c--;
  while (c < side && isOn(alpha, gamma, c) != right) c++;
  if (c == from) return;
  const bit: u32 = 1 << <u32>(unit >> 2);
  toggle(from, bit);
  toggle(c, bit);
  store<i32>(switchColumn + unit, c);
  noteNeighbours(unit, c);
}

// @ts-ignore: decorator
@inline
function isOn(alpha: f32, gamma: f32, column: i32): bool {
  return alpha * load<f32>(logX + (<usize>column << 2)) + gamma > 0;
}

// @ts-ignore: decorator
@inline
function toggle(column: i32, bit: u32): void {
  const set = switchSets + (<usize>column << 2);
  store<u32>(set, load<u32>(set) ^ bit);
}

/** The units that are on in the first column: switched there already, or on until they switch. */
export function unitsOnAtStart(): u32 {
  return ~(load<u32>(switchSets) ^ rightOn);
}

/** The units that are on in the last column. */
export function unitsOnAtEnd(): u32 {
  return load<u32>(switchSets + (<usize>side << 2)) ^ rightOn;
}
