/**
 * Builds a table: every cell is given the node that leads from its pairs (u, v) to their pieces. Squares of cells are halved until no line of the first
 * layer crosses them, then until none of the second layer does, whose lines are straight where the first layer does not change; a single cell that lines
 * cross is cut into convex parts, and the cuts become nodes. Equal nodes are one, so that the few that are used stay in the processor's cache.
 */
import { CORNER, CROSSED, OFF, ON, POLYGON, cut, putCorner, setLine, sideOf } from './polygon';
import { STORES, beginStores, newPieceCount, nodeCount, nodeOf, patternOf, pieceOf, planesOf } from './stores';
import {
  NOWHERE, UNITS, UNIT_ROW, alpha, beta, bias1, cellSide, cells, countsOffset, firstU, firstV, openTable, stepU, stepV,
} from './table';

/** Cells are taken to be larger by this part, so that a pair that rounding puts beside its cell is still decided by the cell's lines. */
const OVERLAP: f64 = 1e-6;

/** Bytes of memory that building needs beside the table. */
export function buildBytes(): usize {
  return STORES + (2 * UNITS + 1) * POLYGON;
}

/** A stack of polygons. */
let polygons: usize = 0;
/** The largest |u| or |v|. */
let reach: f64 = 0;

/** Builds the table, whose weights and bounds are in place. No more than `room` pieces; what does not fit in is computed directly. */
export function buildTable(table: usize, work: usize, room: i32): void {
  openTable(table);
  polygons = work + STORES;
  reach = max(
    max(Math.abs(firstU), Math.abs(firstU + stepU * cellSide)),
    max(Math.abs(firstV), Math.abs(firstV + stepV * cellSide)),
  );
  beginStores(work, room);
  fillCells(0, 0, cellSide);
  store<i32>(table + countsOffset(), newPieceCount);
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
  const cell = polygons;
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
