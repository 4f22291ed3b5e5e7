/**
 * Where things lie in the table of one perceptron: its weights in float64 (written by model/kernels/weights.ts in the same order), its linear pieces,
 * the nodes that lead to them, and the cells that lead to the nodes. docs/method.md, section 7, says what they are.
 * Module variables are WebAssembly globals, of which every thread has its own.
 */

/** Units of either hidden layer. */
export const UNITS: i32 = 32;
/** Bytes of one float64 for every unit. */
export const UNIT_ROW: usize = 256;
/** The most cells along either axis, pieces and nodes of a table. */
const MOST_CELLS: i32 = 256;
export const MOST_PIECES: i32 = 8192;
export const MOST_NODES: i32 = 32768;

// Byte offsets. First-layer unit i computes α_i·u + β_i·v + b_i.
const ALPHA: usize = 0;
const BETA: usize = UNIT_ROW;
const BIAS1: usize = 2 * UNIT_ROW;
const BIAS2: usize = 3 * UNIT_ROW;
const WEIGHT3: usize = 4 * UNIT_ROW;
const COLUMNS2: usize = 5 * UNIT_ROW; // row i is the column W₂[:, i]
const BIAS3: usize = COLUMNS2 + 32 * UNIT_ROW;
const BOUNDS: usize = BIAS3 + 8; // f64: where the cells begin in u and v, the size of a cell in u and v, cells along either axis
const COUNTS: usize = BOUNDS + 40; // pieces, nodes
const PIECES: usize = COUNTS + 16;
const MASKS: usize = PIECES + <usize>MOST_PIECES * 32;
const NODES: usize = MASKS + <usize>MOST_PIECES * 8;
const CELLS: usize = NODES + <usize>MOST_NODES * 32;
const END: usize = CELLS + <usize>(MOST_CELLS * MOST_CELLS) * 2;

/** Bytes of a table. */
export function tableBytes(): usize {
  return END;
}

/** Where the bounds and the counts lie in a table. */
export function boundsOffset(): usize {
  return BOUNDS;
}
export function countsOffset(): usize {
  return COUNTS;
}

/** A row of 32 float64 each; `columns2` has 32 rows. */
export let alpha: usize = 0;
export let beta: usize = 0;
export let bias1: usize = 0;
export let bias2: usize = 0;
export let weight3: usize = 0;
export let columns2: usize = 0;
export let bias3: usize = 0;
/** A piece: f64 constant, slope in u, slope in v, unused; and u32 which first-layer units are on, which second-layer units. */
export let pieces: usize = 0;
export let masks: usize = 0;
/** A node: the f64 line c + a·u + b·v, then u32 where to go on where that is not positive, and where it is. */
export let nodes: usize = 0;
/** The u16 node of each cell, by rows of v. */
export let cells: usize = 0;
/** Where the cells begin, their size, and how many there are to one unit. */
export let firstU: f64 = 0;
export let firstV: f64 = 0;
export let stepU: f64 = 0;
export let stepV: f64 = 0;
export let perU: f64 = 0;
export let perV: f64 = 0;
/** Cells along either axis, a power of two. */
export let cellSide: i32 = 0;
export let pieceCount: i32 = 0;

/** Points the variables above into the table at `table`. */
export function openTable(table: usize): void {
  alpha = table + ALPHA;
  beta = table + BETA;
  bias1 = table + BIAS1;
  bias2 = table + BIAS2;
  weight3 = table + WEIGHT3;
  columns2 = table + COLUMNS2;
  bias3 = table + BIAS3;
  pieces = table + PIECES;
  masks = table + MASKS;
  nodes = table + NODES;
  cells = table + CELLS;
  firstU = load<f64>(table, BOUNDS);
  firstV = load<f64>(table, BOUNDS + 8);
  stepU = load<f64>(table, BOUNDS + 16);
  stepV = load<f64>(table, BOUNDS + 24);
  perU = 1 / stepU;
  perV = 1 / stepV;
  cellSide = <i32>load<f64>(table, BOUNDS + 32);
  pieceCount = load<i32>(table, COUNTS);
}

/** The column of cells that u lies in, or the row that v lies in. */
// @ts-ignore: decorator
@inline
export function cellOf(x: f64, first: f64, per: f64): i32 {
  return <i32>min(max((x - first) * per, 0), <f64>(cellSide - 1));
}

/**
 * Where a node or a cell leads: to a piece, by its byte offset among the pieces, a multiple of 32; to another node, by its byte offset plus 1; or
 * nowhere, because the table was full: such pairs are computed directly. Piece 0 stands for all pairs that are computed directly.
 */
export const NOWHERE: u32 = 1; // node 0, which is no node
