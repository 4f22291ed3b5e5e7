/**
 * The position bias of one key at some columns of a grid row, and the way back: from each pair's cell through its nodes to its piece. The first step has no
 * branch; pairs that are not at their piece then are listed and led on afterwards. A pair exactly on a line (which is off there, whatever the piece beside it
 * says), and one for which the table had no room, is computed by the perceptron itself.
 */
import { PLACE } from './places';
import { gradientsAt, slopeU, slopeV, valueAt } from './perceptron';
import { useDirectSums } from './sums';
import { NOWHERE, cellOf, cellSide, cells, firstV, nodes, perV, pieces } from './table';

/** The columns that are listed; those to be computed directly are left in front, up to `directEnd`. */
let listed: usize = 0;
let directEnd: usize = 0;

/** Bytes of the pieces of a row of columns, as putBias writes them, and of the memory for lists. */
export function foundBytes(columns: i32): usize {
  return <usize>(columns + 1) << 2;
}

export function useList(scratch: usize): void {
  listed = scratch;
}

/** The piece of a pair that is not at one after its first step, or lay exactly on a line there (`next` is a piece then); 0 where it is computed directly. */
function follow(rowOfCells: usize, column: usize, v: f64): u32 {
  const u = load<f64>(column);
  let next = (<u32>load<u16>(rowOfCells + <usize>load<u32>(column, 12)) << 5) | 1;
  do {
    const node = nodes + <usize>(next ^ 1);
    const t = load<f64>(node) + load<f64>(node, 8) * u + load<f64>(node, 16) * v;
    if (t == 0) return 0;
    next = load<u32>(node + (<usize>(t > 0) << 2), 24);
    if (next == NOWHERE) return 0;
  } while ((next & 1) != 0);
  return next;
}

/**
 * Writes the bias of `count` columns at v to `to`, f32, and to `found` the byte offset of each column's piece, then how many are computed directly: those of
 * piece 0.
 */
export function putBias(columns: usize, count: i32, v: f64, to: usize, found: usize): void {
  const rowOfCells = cells + <usize>(cellOf(v, firstV, perV) * cellSide) * 2;
  const allNodes = nodes;
  const allPieces = pieces;
  let into = found;
  let out = to;
  let open = listed;
  for (let column = columns, end = columns + <usize>count * PLACE; column < end; column += PLACE, into += 4, out += 4) {
    const u = load<f64>(column);
    const node = allNodes + (<usize>load<u16>(rowOfCells + <usize>load<u32>(column, 12)) << 5);
    const t = load<f64>(node) + load<f64>(node, 8) * u + load<f64>(node, 16) * v;
    const next = load<u32>(node + (<usize>(t > 0) << 2), 24);
    store<u32>(into, next);
    const piece = allPieces + <usize>(next & ~1);
    store<f32>(out, <f32>(load<f64>(piece) + load<f64>(piece, 8) * u + load<f64>(piece, 16) * v));
    store<u32>(open, <u32>column);
    open += <usize>((next & 1) | <u32>(t == 0)) << 2;
  }
  let direct: u32 = 0;
  for (let at = listed; at < open; at += 4) {
    const column = <usize>load<u32>(at);
    const u = load<f64>(column);
    const next = follow(rowOfCells, column, v);
    const place = (column - columns) >> 2;
    store<u32>(found + place, next);
    const piece = allPieces + <usize>next;
    let value = load<f64>(piece) + load<f64>(piece, 8) * u + load<f64>(piece, 16) * v;
    if (next == 0) {
      direct += 1;
      value = valueAt(u, v);
    }
    store<f32>(to + place, <f32>value);
  }
  store<u32>(into, direct);
}

/**
 * Takes in the upstream gradients g (f32, from `from`) of `count` columns at the row (v, dℓ/dd), whose pieces putBias found: adds Σ g, Σ g·u, Σ g·v of each piece to `pieceSums`, what is
 * computed directly to `direct`, and the gradient of the distance, x then y, to `distance`.
 */
export function takeGradients(
  columns: usize, count: i32, row: usize, found: usize, from: usize, pieceSums: usize, direct: usize, distance: usize,
): void {
  const v = load<f64>(row);
  const second = f64x2(v, 0);
  let dx: f64 = 0;
  let dy: f64 = 0;
  let at = found;
  let g = from;
  for (let column = columns, end = columns + <usize>count * PLACE; column < end; column += PLACE, at += 4, g += 4) {
    const offset = <usize>load<u32>(at);
    const sums = pieceSums + offset;
    const piece = pieces + offset;
    const upstream = <f64>load<f32>(g);
    const both = f64x2.splat(upstream);
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.mul(both, f64x2.replace_lane(f64x2.splat(1), 1, load<f64>(column)))));
    v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.mul(both, second)), 16);
    dx += load<f64>(piece, 8) * (upstream * <f64>load<f32>(column, 8));
    dy += load<f64>(piece, 16) * upstream;
  }
  if (load<u32>(at) > 0) {
    const sums = useDirectSums(direct);
    for (let c = 0; c < count; c++) {
      if (load<u32>(found + (<usize>c << 2)) != 0) continue;
      const column = columns + <usize>c * PLACE;
      const upstream = <f64>load<f32>(from + (<usize>c << 2));
      gradientsAt(load<f64>(column), v, upstream, sums);
      dx += slopeU * upstream * <f64>load<f32>(column, 8);
      dy += slopeV * upstream;
    }
  }
  store<f64>(distance, load<f64>(distance) + dx);
  store<f64>(distance, load<f64>(distance, 8) + dy * load<f64>(row, 8), 8);
}
