/**
 * Builds a table: every cell is given the node that leads from its pairs (u, v) to their pieces. Squares of cells are halved until no line of the first
 * layer crosses them, then until none of the second layer does, whose lines are straight where the first layer does not change; a single cell that lines
 * cross is cut into convex parts, and the cuts become nodes. Equal nodes are one, so that the few that are used stay in the processor's cache.
 */
import {
  MOST_NODES, MOST_PIECES, NOWHERE, UNITS, UNIT_ROW, alpha, beta, bias1, bias2, bias3, cellSide, cells, columns2, countsOffset, firstU, firstV, masks, nodes,
  openTable, pieces, stepU, stepV, weight3,
} from './table';
import { CORNER, CROSSED, OFF, ON, POLYGON, cut, putCorner, setLine, sideOf } from './polygon';

const MOST_PATTERNS: i32 = 2048;
/** First-layer pattern: its mask, and three rows for the second layer, z_k = c + a·u + b·v. */
const PATTERN_PLANES: usize = 3 * UNIT_ROW;
/** Slots of the hash tables, u32 each: index + 1, or 0. */
const PATTERN_SLOTS: u32 = 4096;
const PIECE_SLOTS: u32 = 16384;
const NODE_SLOTS: u32 = 65536;
/** Cells are taken to be larger by this part, so that a pair that rounding puts beside its cell is still decided by the cell's lines. */
const OVERLAP: f64 = 1e-6;

// Offsets in the memory that building needs.
const PATTERN_HASH: usize = 0;
const PIECE_HASH: usize = PATTERN_HASH + <usize>PATTERN_SLOTS * 4;
const NODE_HASH: usize = PIECE_HASH + <usize>PIECE_SLOTS * 4;
const PATTERN_MASKS: usize = NODE_HASH + <usize>NODE_SLOTS * 4;
const PLANES: usize = PATTERN_MASKS + <usize>MOST_PATTERNS * 4;
const POLYGONS: usize = PLANES + <usize>MOST_PATTERNS * PATTERN_PLANES;
const END: usize = POLYGONS + <usize>(2 * UNITS + 1) * POLYGON;

/** Bytes of memory that building needs beside the table. */
export function buildBytes(): usize {
  return END;
}

let work: usize = 0;
let patternCount: i32 = 0;
let pieceCount: i32 = 0;
let nodeCount: i32 = 0;
let mostPieces: i32 = 0;
/** The largest |u| or |v|. */
let reach: f64 = 0;

/** Builds the table, whose weights and bounds are in place. No more than `room` pieces; what does not fit in is computed directly. */
export function buildTable(table: usize, memory_: usize, room: i32): void {
  openTable(table);
  work = memory_;
  mostPieces = min(room, MOST_PIECES);
  reach = max(
    max(Math.abs(firstU), Math.abs(firstU + stepU * cellSide)),
    max(Math.abs(firstV), Math.abs(firstV + stepV * cellSide)),
  );
  memory.fill(work, 0, PATTERN_MASKS);
  patternCount = 0;
  pieceCount = nodeCount = 1; // piece 0: computed directly; node 0: leads there
  memory.fill(pieces, 0, 32);
  putNode(nodes, 1, 0, 0, NOWHERE, NOWHERE);
  fillCells(0, 0, cellSide);
  store<i32>(table + countsOffset(), pieceCount);
  store<i32>(table + countsOffset(), nodeCount, 4);
}

// ---- Cells

/** The centre of a square of cells and half its size. */
let centreU: f64 = 0;
let centreV: f64 = 0;
let halfU: f64 = 0;
let halfV: f64 = 0;

function setSquare(column: i32, row: i32, size: i32): void {
  const half = 0.5 * <f64>size;
  centreU = firstU + stepU * (<f64>column + half);
  centreV = firstV + stepV * (<f64>row + half);
  halfU = stepU * (half + OVERLAP);
  halfV = stepV * (half + OVERLAP);
}

function fillCells(column: i32, row: i32, size: i32): void {
  setSquare(column, row, size);
  sidesOfSquare(alpha);
  if (crossed == 0) fillCellsOf(patternOf(on), column, row, size);
  else if (size == 1) putCells(column, row, 1, treeOfCell(on, crossed));
  else {
    const half = size >> 1;
    fillCells(column, row, half);
    fillCells(column + half, row, half);
    fillCells(column, row + half, half);
    fillCells(column + half, row + half, half);
  }
}

/** The same where no line of the first layer crosses. */
function fillCellsOf(pattern: i32, column: i32, row: i32, size: i32): void {
  if (pattern < 0) {
    putCells(column, row, size, NOWHERE);
    return;
  }
  setSquare(column, row, size);
  sidesOfSquare(planesOf(pattern));
  if (crossed == 0) putCells(column, row, size, pieceOf(pattern, on));
  else if (size == 1) putCells(column, row, 1, treeOfCellOf(pattern, on, crossed));
  else {
    const half = size >> 1;
    fillCellsOf(pattern, column, row, half);
    fillCellsOf(pattern, column + half, row, half);
    fillCellsOf(pattern, column, row + half, half);
    fillCellsOf(pattern, column + half, row + half, half);
  }
}

/** Where a square of cells leads to. A piece is led to by a node, too, so that every pair takes the same first step. */
function putCells(column: i32, row: i32, size: i32, target: u32): void {
  const node = (target & 1) == 0 ? nodeOf(1, 0, 0, target, target) : target;
  for (let r = row; r < row + size; r++) {
    for (let c = column; c < column + size; c++) store<u16>(cells + (<usize>(r * cellSide + c) << 1), <u16>(node >> 5));
  }
}

// ---- Trees

/** The tree of the cell that setSquare placed, where first-layer units `mask` are on and lines `undecided` cross it. */
function treeOfCell(mask: u32, undecided: u32): u32 {
  return treeOfFirstLayer(cellPolygon(), 4, mask, undecided);
}

/** The same for a cell of one pattern. */
function treeOfCellOf(pattern: i32, mask: u32, undecided: u32): u32 {
  return treeOfSecondLayer(pattern, cellPolygon(), 4, mask, undecided);
}

/** The corners of the cell, at the bottom of the stack of polygons. */
function cellPolygon(): usize {
  const cell = work + POLYGONS;
  putCorner(cell, centreU - halfU, centreV - halfV);
  putCorner(cell + CORNER, centreU + halfU, centreV - halfV);
  putCorner(cell + 2 * CORNER, centreU + halfU, centreV + halfV);
  putCorner(cell + 3 * CORNER, centreU - halfU, centreV + halfV);
  return cell;
}

/** The tree of a part of a cell: units of the first layer that are not undecided are on where `mask` says so. */
function treeOfFirstLayer(polygon: usize, corners: i32, mask: u32, undecided: u32): u32 {
  for (; undecided != 0; undecided &= undecided - 1) {
    const i = ctz(undecided);
    const at = <usize>i << 3;
    const c = load<f64>(bias1 + at);
    const a = load<f64>(alpha + at);
    const b = load<f64>(beta + at);
    setLine(c, a, b, reach);
    const side = sideOf(polygon, corners);
    if (side == ON) mask |= 1 << i;
    if (side != CROSSED) continue;
    const rest = undecided & (undecided - 1);
    const part = polygon + POLYGON;
    const off = treeOfFirstLayer(part, cut(polygon, corners, OFF, part), mask, rest);
    setLine(c, a, b, reach);
    return nodeOf(c, a, b, off, treeOfFirstLayer(part, cut(polygon, corners, ON, part), mask | (1 << i), rest));
  }
  const pattern = patternOf(mask);
  if (pattern < 0) return NOWHERE;
  sidesOfSquare(planesOf(pattern));
  return treeOfSecondLayer(pattern, polygon, corners, on, crossed);
}

/** The same for the second layer. */
function treeOfSecondLayer(pattern: i32, polygon: usize, corners: i32, mask: u32, undecided: u32): u32 {
  for (; undecided != 0; undecided &= undecided - 1) {
    const k = ctz(undecided);
    const at = planesOf(pattern) + (<usize>k << 3);
    const a = load<f64>(at);
    const b = load<f64>(at, UNIT_ROW);
    const c = load<f64>(at, 2 * UNIT_ROW);
    setLine(c, a, b, reach);
    const side = sideOf(polygon, corners);
    if (side == ON) mask |= 1 << k;
    if (side != CROSSED) continue;
    const rest = undecided & (undecided - 1);
    const part = polygon + POLYGON;
    const off = treeOfSecondLayer(pattern, part, cut(polygon, corners, OFF, part), mask, rest);
    setLine(c, a, b, reach);
    const toOn = treeOfSecondLayer(pattern, part, cut(polygon, corners, ON, part), mask | (1 << k), rest);
    return nodeOf(c, a, b, off, toOn);
  }
  return pieceOf(pattern, mask);
}

// ---- Which units are on, and which lines cross, of 32 units whose coefficients a, b, c lie in three rows one after the other

let on: u32 = 0;
let crossed: u32 = 0;

/** Sets `on` and `crossed` for the square that setSquare placed. */
function sidesOfSquare(a: usize): void {
  const b = a + UNIT_ROW;
  const c = a + 2 * UNIT_ROW;
  const u = f64x2.splat(centreU);
  const v = f64x2.splat(centreV);
  const du = f64x2.splat(halfU);
  const dv = f64x2.splat(halfV);
  const zero = f64x2.splat(0);
  let off: u32 = 0;
  on = 0;
  for (let k: usize = 0; k < UNIT_ROW; k += 16) {
    const ak = v128.load(a + k);
    const bk = v128.load(b + k);
    const centre = f64x2.add(f64x2.add(v128.load(c + k), f64x2.mul(ak, u)), f64x2.mul(bk, v));
    const spread = f64x2.add(f64x2.mul(f64x2.abs(ak), du), f64x2.mul(f64x2.abs(bk), dv));
    on |= <u32>i64x2.bitmask(f64x2.gt(f64x2.sub(centre, spread), zero)) << <u32>(k >> 3);
    off |= <u32>i64x2.bitmask(f64x2.le(f64x2.add(centre, spread), zero)) << <u32>(k >> 3);
  }
  crossed = ~(on | off);
}

// ---- Patterns, pieces and nodes, each found again by what it is

// @ts-ignore: decorator
@inline
function mixed(x: u32): u32 {
  x ^= x >> 16;
  x *= 0x7feb352d;
  x ^= x >> 15;
  x *= 0x846ca68b;
  return x ^ (x >> 16);
}

// @ts-ignore: decorator
@inline
function planesOf(pattern: i32): usize {
  return work + PLANES + <usize>pattern * PATTERN_PLANES;
}

/** The first-layer pattern with these units on; −1 where there is no room for one more. */
function patternOf(mask: u32): i32 {
  let slot = mixed(mask);
  while (true) {
    const at = work + PATTERN_HASH + (<usize>(slot & (PATTERN_SLOTS - 1)) << 2);
    const found = load<i32>(at) - 1;
    if (found < 0) return newPattern(mask, at);
    if (load<u32>(work + PATTERN_MASKS + (<usize>found << 2)) == mask) return found;
    slot += 1;
  }
}

function newPattern(mask: u32, slot: usize): i32 {
  if (patternCount == MOST_PATTERNS) return -1;
  const pattern = patternCount++;
  store<i32>(slot, pattern + 1);
  store<u32>(work + PATTERN_MASKS + (<usize>pattern << 2), mask);
  const planes = planesOf(pattern);
  memory.fill(planes, 0, 2 * UNIT_ROW);
  memory.copy(planes + 2 * UNIT_ROW, bias2, UNIT_ROW);
  for (let set = mask; set != 0; set &= set - 1) {
    const i = <usize>ctz(set) << 3;
    const a = v128.load_splat<f64>(alpha + i);
    const b = v128.load_splat<f64>(beta + i);
    const c = v128.load_splat<f64>(bias1 + i);
    const column = columns2 + i * (UNIT_ROW >> 3);
    for (let k: usize = 0; k < UNIT_ROW; k += 16) {
      const w = v128.load(column + k);
      const at = planes + k;
      v128.store(at, f64x2.add(v128.load(at), f64x2.mul(w, a)));
      v128.store(at, f64x2.add(v128.load(at, UNIT_ROW), f64x2.mul(w, b)), UNIT_ROW);
      v128.store(at, f64x2.add(v128.load(at, 2 * UNIT_ROW), f64x2.mul(w, c)), 2 * UNIT_ROW);
    }
  }
  return pattern;
}

/** The piece where these units of the second layer are on, as its byte offset; NOWHERE where there is no room for one more. */
function pieceOf(pattern: i32, mask2: u32): u32 {
  const mask1 = load<u32>(work + PATTERN_MASKS + (<usize>pattern << 2));
  let slot = mixed(mask2 ^ mixed(mask1));
  while (true) {
    const at = work + PIECE_HASH + (<usize>(slot & (PIECE_SLOTS - 1)) << 2);
    const found = load<i32>(at) - 1;
    if (found < 0) return newPiece(pattern, mask1, mask2, at);
    const own = masks + (<usize>found << 3);
    if (load<u32>(own) == mask1 && load<u32>(own, 4) == mask2) return <u32>found << 5;
    slot += 1;
  }
}

function newPiece(pattern: i32, mask1: u32, mask2: u32, slot: usize): u32 {
  if (pieceCount >= mostPieces) return NOWHERE;
  const piece = pieceCount++;
  store<i32>(slot, piece + 1);
  store<u32>(masks + (<usize>piece << 3), mask1);
  store<u32>(masks + (<usize>piece << 3), mask2, 4);
  let a: f64 = 0;
  let b: f64 = 0;
  let c = load<f64>(bias3);
  for (let set = mask2; set != 0; set &= set - 1) {
    const k = <usize>ctz(set) << 3;
    const w = load<f64>(weight3 + k);
    const at = planesOf(pattern) + k;
    a += w * load<f64>(at);
    b += w * load<f64>(at, UNIT_ROW);
    c += w * load<f64>(at, 2 * UNIT_ROW);
  }
  const at = pieces + (<usize>piece << 5);
  store<f64>(at, c);
  store<f64>(at, a, 8);
  store<f64>(at, b, 16);
  return <u32>piece << 5;
}

/** The node that leads to `toOff` where c + a·u + b·v ≤ 0, and to `toOn` elsewhere, as its byte offset plus 1; NOWHERE where there is no room. */
function nodeOf(c: f64, a: f64, b: f64, toOff: u32, toOn: u32): u32 {
  const bits = reinterpret<u64>(c) ^ (reinterpret<u64>(a) >> 7) ^ (reinterpret<u64>(b) << 9);
  let slot = mixed(<u32>bits ^ <u32>(bits >> 32) ^ mixed(toOff ^ (toOn << 11)));
  while (true) {
    const at = work + NODE_HASH + (<usize>(slot & (NODE_SLOTS - 1)) << 2);
    const found = load<i32>(at) - 1;
    if (found < 0) {
      if (nodeCount == MOST_NODES) return NOWHERE;
      store<i32>(at, nodeCount + 1);
      const node = <u32>nodeCount << 5;
      nodeCount += 1;
      putNode(nodes + node, c, a, b, toOff, toOn);
      return node | 1;
    }
    const node = nodes + (<usize>found << 5);
    const same = load<f64>(node) == c && load<f64>(node, 8) == a && load<f64>(node, 16) == b;
    if (same && load<u32>(node, 24) == toOff && load<u32>(node, 28) == toOn) return (<u32>found << 5) | 1;
    slot += 1;
  }
}

function putNode(node: usize, c: f64, a: f64, b: f64, toOff: u32, toOn: u32): void {
  store<f64>(node, c);
  store<f64>(node, a, 8);
  store<f64>(node, b, 16);
  store<u32>(node, toOff, 24);
  store<u32>(node, toOn, 28);
}
