/**
 * Deformable attention with the position bias inside, forward and backward: of softmax(f·keysᵀ + bias), dropout and the product with kv nothing as large as
 * [8, N, M] is ever kept. The backward pass computes a tile again from what the forward pass kept of each query: the largest logit m and 1/Σ exp(logit − m).
 * A task is some rows of the query grid and all keys of one group; groups are those of all samples, 8 each.
 */
import { STRIDE, fourDraws, mix } from './dropout';
import { exp4 } from './exponential';
import { foundBytes, putBias, takeGradients, useList } from './lookup';
import { PLACE, placeBytes } from './places';
import { clearSums, directSums, distanceSums, keySums, sumsBytes } from './sums';
import { openTable, pieceCount } from './table';
import { firstRowOf, nextTask, tasksOfGroup } from './tasks';
import { addProducts } from './products';
import { CHANNELS, KEY, byChannels, byTokens, columns, keyCount, rowBytes, tileColumns, tileRow, useTile } from './tile';
import { addOverQueries, sumOverKeys } from './weighted-sums';

const GROUPS: i32 = 8;

/** Bytes of scratch memory a thread needs. */
export function attentionScratchBytes(s: i32, kvPoints: i32): usize {
  const n = tileColumns(s);
  return <usize>(kvPoints + 1) * foundBytes(n) + tileRow(n) * <usize>(2 * kvPoints + 3 * CHANNELS + 3) + 64;
}

// Of the call.
let side: i32 = 0;
let placesOfAll: usize = 0;
let dropoutKeys: usize = 0; // u32 a sample
let threshold: i32 = 0; // the highest random bits that are kept; −1, all of them, where nothing is dropped
let scale: f32 = 0; // of what is kept

// Scratch.
let found: usize = 0; // the pieces of the tile's pairs
let tile: usize = 0; // [M][columns]
let second: usize = 0;
let queries: usize = 0; // [16][columns]
let upstream: usize = 0;
let result: usize = 0;
let most: usize = 0; // a row: the largest logit
let inverse: usize = 0; // a row: 1/Σ
let inner: usize = 0; // a row: Σ of upstream gradient × output

function begin(s: i32, kvPoints: i32, places: usize, table: usize, keysOfDropout: usize, highestKept: i32, scaleOfKept: f32, scratch: usize): void {
  openTable(table);
  side = s;
  placesOfAll = places;
  dropoutKeys = keysOfDropout;
  threshold = highestKept;
  scale = scaleOfKept;
  const n = tileColumns(s);
  const row = tileRow(n);
  useList(scratch);
  found = scratch + foundBytes(n);
  tile = (found + <usize>kvPoints * foundBytes(n) + 15) & ~15;
  second = tile + <usize>kvPoints * row;
  queries = second + <usize>kvPoints * row;
  upstream = queries + <usize>CHANNELS * row;
  result = upstream + <usize>CHANNELS * row;
  most = result + <usize>CHANNELS * row;
  inverse = most + row;
  inner = inverse + row;
}

/**
 * out [B, N, 128] and kept [B·8, N, 2] of fused tokens [B, N, 128], keys (as they are multiplied by them) and values [B·8, M, 16].
 */
export function attend(
  counter: usize, tasks: i32, places: usize, kvPoints: i32, s: i32, table: usize, dropout: usize, highestKept: i32, scaleOfKept: f32,
  fused: usize, keys: usize, values: usize, out: usize, kept: usize, scratch: usize,
): void {
  begin(s, kvPoints, places, table, dropout, highestKept, scaleOfKept, scratch);
  const parts = tasksOfGroup(s);
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const group = task / parts;
    const part = task - group * parts;
    const keysOfGroup = keys + <usize>(group * kvPoints) * KEY;
    const valuesOfGroup = values + <usize>(group * kvPoints) * KEY;
    for (let row = firstRowOf(part, s); row < firstRowOf(part + 1, s); row++) {
      for (let first = 0; first < s; first += tileColumns(s)) {
        useTile(kvPoints, min(tileColumns(s), s - first));
        const query = row * s + first;
        byChannels(fused + tokenOffset(group, query), queries);
        putLogits(group, row, first, keysOfGroup);
        softmax(group, query);
        sumOverKeys(tile, valuesOfGroup, result);
        scaleRows(result);
        byTokens(result, out + tokenOffset(group, query));
        keep(kept + (<usize>(group * s * s + query) << 3));
      }
    }
  }
}

/** Byte offset of a group's channels of a query's token, in [B, N, 128]. */
// @ts-ignore: decorator
@inline
function tokenOffset(group: i32, query: i32): usize {
  const sample = group / GROUPS;
  return (<usize>(sample * side * side + query) << 9) + (<usize>(group - sample * GROUPS) << 6);
}

/** tile = bias + f·keysᵀ */
function putLogits(group: i32, row: i32, first: i32, keysOfGroup: usize): void {
  let places = placesOfAll + <usize>(group * keyCount) * placeBytes(side);
  const count = columns;
  let to = tile;
  let into = found;
  for (let j = 0; j < keyCount; j++, places += placeBytes(side), to += rowBytes, into += foundBytes(count)) {
    v128.store(to + rowBytes - 16, f32x4.splat(0)); // columns beyond the last
    putBias(places + <usize>first * PLACE, count, load<f64>(places + <usize>(side + row) * PLACE), to, into);
  }
  addProducts(tile, queries, keysOfGroup);
}

/** The state of the dropout draws of four queries from column c (in bytes) on, at the first key; the next key's is STRIDE further. */
// @ts-ignore: decorator
@inline
function draws(group: i32, query: i32, c: usize): v128 {
  const sample = group / GROUPS;
  const firstQuery = (group - sample * GROUPS) * side * side + query + <i32>(c >> 2);
  return fourDraws(firstQuery * keyCount, keyCount, load<i32>(dropoutKeys + (<usize>sample << 2)));
}

/** tile = exp(tile − most), where it is kept; sets `most` and `inverse`. */
function softmax(group: i32, query: i32): void {
  const row = rowBytes;
  const limit = i32x4.splat(threshold);
  const stride = i32x4.splat(STRIDE);
  const dropping = threshold != -1;
  const end = <usize>keyCount * row;
  for (let c: usize = 0; c < row; c += 16) {
    let largest = v128.load(tile + c);
    for (let at = tile + c + row, last = tile + end; at < last; at += row) largest = f32x4.pmax(largest, v128.load(at));
    let sum = f32x4.splat(0);
    let state = draws(group, query, c);
    for (let at = tile + c, last = tile + end; at < last; at += row) {
      const p = exp4(f32x4.sub(v128.load(at), largest));
      sum = f32x4.add(sum, p);
      if (dropping) {
        v128.store(at, v128.and(p, i32x4.le_u(mix(state), limit)));
        state = i32x4.add(state, stride);
      } else v128.store(at, p);
    }
    v128.store(most + c, largest);
    v128.store(inverse + c, f32x4.div(f32x4.splat(1), sum));
  }
}

/** rows[d][c] ← rows[d][c]·inverse[c]·scale */
function scaleRows(rows: usize): void {
  for (let c: usize = 0; c < rowBytes; c += 16) {
    const factor = f32x4.mul(v128.load(inverse + c), f32x4.splat(scale));
    for (let d: usize = 0; d < <usize>CHANNELS; d++) {
      const at = rows + d * rowBytes + c;
      v128.store(at, f32x4.mul(v128.load(at), factor));
    }
  }
}

/** Writes what is kept of the queries; `recall` reads it. */
function keep(to: usize): void {
  for (let c: usize = 0; c < <usize>columns; c++) {
    store<f32>(to + (c << 3), load<f32>(most + (c << 2)));
    store<f32>(to + (c << 3), load<f32>(inverse + (c << 2)), 4);
  }
}

function recall(from: usize): void {
  memory.fill(most, 0, rowBytes);
  memory.fill(inverse, 0, rowBytes);
  for (let c: usize = 0; c < <usize>columns; c++) {
    store<f32>(most + (c << 2), load<f32>(from + (c << 3)));
    store<f32>(inverse + (c << 2), load<f32>(from + (c << 3), 4));
  }
}

/** The gradient of the fused tokens, and what the tasks sum, for the upstream gradient of `out` [B, N, 128]. */
export function attendBackward(
  counter: usize, tasks: i32, places: usize, kvPoints: i32, s: i32, table: usize, dropout: usize, highestKept: i32, scaleOfKept: f32,
  fused: usize, keys: usize, values: usize, out: usize, kept: usize, gradient: usize, fusedGradient: usize, taskSums: usize, scratch: usize,
): void {
  begin(s, kvPoints, places, table, dropout, highestKept, scaleOfKept, scratch);
  const bytes = sumsBytes(pieceCount, kvPoints, 1);
  const parts = tasksOfGroup(s);
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const group = task / parts;
    const part = task - group * parts;
    const keysOfGroup = keys + <usize>(group * kvPoints) * KEY;
    const valuesOfGroup = values + <usize>(group * kvPoints) * KEY;
    const sums = taskSums + <usize>task * bytes;
    const keyGradients = keySums(sums, pieceCount, kvPoints);
    clearSums(sums, bytes);
    for (let row = firstRowOf(part, s); row < firstRowOf(part + 1, s); row++) {
      for (let first = 0; first < s; first += tileColumns(s)) {
        useTile(kvPoints, min(tileColumns(s), s - first));
        const query = row * s + first;
        const token = tokenOffset(group, query);
        byChannels(fused + token, queries);
        byChannels(gradient + token, upstream);
        byChannels(out + token, result);
        multiply(upstream, result);
        recall(kept + (<usize>(group * s * s + query) << 3));
        putLogits(group, row, first, keysOfGroup);
        memory.fill(second, 0, <usize>kvPoints * rowBytes);
        addProducts(second, upstream, valuesOfGroup);
        softmaxBackward(group, query);
        sumOverKeys(second, keysOfGroup, result);
        byTokens(result, fusedGradient + token);
        addOverQueries(second, fused + token, keyGradients);
        addOverQueries(tile, gradient + token, keyGradients + <usize>kvPoints * KEY);
        takeBiasGradients(group, row, first, sums);
      }
    }
  }
}

/** inner[c] = Σ_d a[d][c]·b[d][c] */
function multiply(a: usize, b: usize): void {
  for (let c: usize = 0; c < rowBytes; c += 16) {
    let sum = f32x4.splat(0);
    for (let d: usize = c; d < <usize>CHANNELS * rowBytes; d += rowBytes) sum = f32x4.add(sum, f32x4.mul(v128.load(a + d), v128.load(b + d)));
    v128.store(inner + c, sum);
  }
}

/**
 * From the logits in `tile` and the gradients of the dropped-out weights in `second`: tile = p·mask, second = p·(mask·second − inner), the gradients of the
 * logits, with p = exp(tile − most)·inverse.
 */
function softmaxBackward(group: i32, query: i32): void {
  const row = rowBytes;
  const apart = second - tile;
  const limit = i32x4.splat(threshold);
  const stride = i32x4.splat(STRIDE);
  const scales = f32x4.splat(scale);
  const dropping = threshold != -1;
  for (let c: usize = 0; c < row; c += 16) {
    const largest = v128.load(most + c);
    const factor = v128.load(inverse + c);
    const product = v128.load(inner + c);
    let state = draws(group, query, c);
    for (let at = tile + c, last = tile + <usize>keyCount * row; at < last; at += row) {
      const p = f32x4.mul(exp4(f32x4.sub(v128.load(at), largest)), factor);
      let masked = f32x4.mul(p, scales);
      if (dropping) {
        masked = v128.and(masked, i32x4.le_u(mix(state), limit));
        state = i32x4.add(state, stride);
      }
      v128.store(at + apart, f32x4.sub(f32x4.mul(masked, v128.load(at + apart)), f32x4.mul(p, product)));
      v128.store(at, masked);
    }
  }
}

/** Hands the gradients of the logits on to the position bias. */
function takeBiasGradients(group: i32, row: i32, first: i32, sums: usize): void {
  const direct = directSums(sums, pieceCount);
  const distances = distanceSums(sums, pieceCount);
  let places = placesOfAll + <usize>(group * keyCount) * placeBytes(side);
  let from = second;
  let pieces = found;
  for (let j = 0; j < keyCount; j++, places += placeBytes(side), from += rowBytes, pieces += foundBytes(columns)) {
    const at = places + <usize>(side + row) * PLACE;
    takeGradients(places + <usize>first * PLACE, columns, at, pieces, from, sums, direct, distances + (<usize>j << 4));
  }
}
