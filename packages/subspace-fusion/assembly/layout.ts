/**
 * Where things lie: the block of weights (written by pack-weights.ts in the same order) and a thread's own scratch memory.
 * Module variables are WebAssembly globals, of which every thread has its own.
 */

/** Units of either hidden layer. */
export const UNITS: i32 = 32;
/** Bytes of one float for every unit. */
export const UNIT_ROW: usize = 128;
/** Bytes of a 32×32 matrix of floats. */
export const UNIT_MATRIX: usize = 4096;

// Byte offsets in the block of weights. First-layer unit i computes α_i·u + β_i·v + b_i; S_i = α_i < 0 ? −1 : 1.
export const ALPHA: usize = 0;
export const BETA: usize = 128;
export const BIAS1: usize = 256;
export const SIGN: usize = 384; // S_i
export const SIGNED_ALPHA: usize = 512; // S_i·α_i
export const SIGNED_BETA: usize = 640; // S_i·β_i
export const BIAS2: usize = 768;
export const WEIGHT3: usize = 896;
export const BIAS3: usize = 1024; // one float, padded to 16 bytes
export const COLUMNS2: usize = 1040; // row i is the column W₂[:, i]

// Scratch of a fixed size.
const START_A: usize = 0;
const START_B: usize = 128;
const START_D: usize = 256;
const END_B: usize = 384;
const GAMMA: usize = 512;
const SWITCH_COLUMN: usize = 640;
const U_BEFORE: usize = 768;
const U_AT: usize = 896;
const ROW_TOTALS: usize = 1024; // three rows of 32
const SLOPES: usize = 1408; // two rows of 32
const ROWS: usize = 1664; // from here on, arrays along a grid row

/** Grid side s. */
export let side: i32 = 0;
/** The block of weights. */
export let weights: usize = 0;

/** ℓ_x of every column and ℓ_y of every row, for the current kv point. */
export let logX: usize = 0;
export let logY: usize = 0;
/** dℓ/dd of every column and every row. */
export let slopeX: usize = 0;
export let slopeY: usize = 0;

/** switchSets[c], c = 0…s: the set (32 bits) of units that switch on arriving at column c; see switches.ts. */
export let switchSets: usize = 0;
/** The column at which each unit switches, and ℓ_x just before it and at it. */
export let switchColumn: usize = 0;
export let uBefore: usize = 0;
export let uAt: usize = 0;
/** S_i·γ_i of the current row. */
export let signedGamma: usize = 0;

/** The second layer left of the first switch, as z = A·u + B·v + D. */
export let startA: usize = 0;
export let startB: usize = 0;
export let startD: usize = 0;
/** B right of the last switch. */
export let endB: usize = 0;

/** forward: per column, four partial sums of the output for each of two slices. backward: per column g and g·dℓ/dd. */
export let rowWork: usize = 0;
export let rowWorkHalf: usize = 0;

/** backward: Σ P₀, Σ P₁, Σ v·P₀ at the row ends, see backward.ts. */
export let rowTotals: usize = 0;
/** backward: per second-layer unit the gradient of the kv point, [x, y] × 32. */
export let slopes: usize = 0;

/** Columns rounded up to whole vectors, with room for one more on either side. */
// @ts-ignore: decorator
@inline
function paddedRow(s: i32): usize {
  return (((s + 3) & ~3) + 8) << 2;
}

/** Bytes of scratch memory a thread needs for a grid of side s. */
export function scratchBytes(s: i32): usize {
  return ROWS + paddedRow(s) * (5 + 8);
}

/** Points the variables above into the scratch memory at `scratch`. */
export function useLayout(s: i32, weightBlock: usize, scratch: usize): void {
  side = s;
  weights = weightBlock;
  startA = scratch + START_A;
  startB = scratch + START_B;
  startD = scratch + START_D;
  endB = scratch + END_B;
  signedGamma = scratch + GAMMA;
  switchColumn = scratch + SWITCH_COLUMN;
  uBefore = scratch + U_BEFORE;
  uAt = scratch + U_AT;
  rowTotals = scratch + ROW_TOTALS;
  slopes = scratch + SLOPES;
  const row = paddedRow(s);
  const rows = scratch + ROWS;
  logX = rows + 16; // logX[−1] is a sentinel
  logY = rows + row;
  slopeX = rows + 2 * row;
  slopeY = rows + 3 * row;
  switchSets = rows + 4 * row;
  rowWork = rows + 5 * row;
  rowWorkHalf = 4 * row;
}
