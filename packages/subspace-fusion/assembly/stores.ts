/**
 * The patterns of the first layer, the pieces and the nodes of the table that is being built, each found again by what it is. A pattern has its mask and three
 * rows for the second layer, z_k = c + a·u + b·v.
 */
import {
  MOST_NODES, MOST_PIECES, NOWHERE, UNIT_ROW, alpha, beta, bias1, bias2, bias3, columns2, masks, nodes, pieces, weight3,
} from './table';

const MOST_PATTERNS: i32 = 2048;
const PATTERN_PLANES: usize = 3 * UNIT_ROW;
/** Slots of the hash tables, u32 each: index + 1, or 0. */
const PATTERN_SLOTS: u32 = 4096;
const PIECE_SLOTS: u32 = 16384;
const NODE_SLOTS: u32 = 65536;

// Offsets in the memory that building needs.
const PATTERN_HASH: usize = 0;
const PIECE_HASH: usize = PATTERN_HASH + <usize>PATTERN_SLOTS * 4;
const NODE_HASH: usize = PIECE_HASH + <usize>PIECE_SLOTS * 4;
const PATTERN_MASKS: usize = NODE_HASH + <usize>NODE_SLOTS * 4;
const PLANES: usize = PATTERN_MASKS + <usize>MOST_PATTERNS * 4;
/** Bytes of that memory. */
export const STORES: usize = PLANES + <usize>MOST_PATTERNS * PATTERN_PLANES;

let work: usize = 0;
let mostPieces: i32 = 0;
let patternCount: i32 = 0;
export let newPieceCount: i32 = 0;
export let nodeCount: i32 = 0;

/** Starts with nothing but piece 0 and node 0, which stand for what is computed directly. */
export function beginStores(memoryOfStores: usize, room: i32): void {
  work = memoryOfStores;
  mostPieces = min(room, MOST_PIECES);
  memory.fill(work, 0, PATTERN_MASKS);
  patternCount = 0;
  newPieceCount = nodeCount = 1;
  memory.fill(pieces, 0, 32);
  putNode(nodes, 1, 0, 0, NOWHERE, NOWHERE);
}

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
export function planesOf(pattern: i32): usize {
  return work + PLANES + <usize>pattern * PATTERN_PLANES;
}

/** The first-layer pattern with these units on; −1 where there is no room for one more. */
export function patternOf(mask: u32): i32 {
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
export function pieceOf(pattern: i32, mask2: u32): u32 {
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
  if (newPieceCount >= mostPieces) return NOWHERE;
  const piece = newPieceCount++;
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
export function nodeOf(c: f64, a: f64, b: f64, toOff: u32, toOn: u32): u32 {
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
