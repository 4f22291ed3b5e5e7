/** Sums of a tile (tile.ts) over its keys and over its queries. */
import { CHANNELS, KEY, TOKEN, columns, keyCount, rowBytes } from './tile';

/** out[d][c] = Σ_j tile[j][c]·keys[j][d]; eight queries at a time, and the last four of an odd number of vectors. */
export function sumOverKeys(tile: usize, keys: usize, out: usize): void {
  let c: usize = 0;
  for (; c + 32 <= rowBytes; c += 32) {
    for (let d: usize = 0; d < <usize>CHANNELS; d += 4) sumOf4OverKeys(tile + c, keys + (d << 2), out + c + d * rowBytes);
  }
  if (c == rowBytes) return;
  sumOf8OverKeys(tile + c, keys, out + c);
  sumOf8OverKeys(tile + c, keys + 32, out + c + 8 * rowBytes);
}

/** Eight queries, four channels. */
// @ts-ignore: decorator
@inline
function sumOf4OverKeys(tile: usize, keys: usize, out: usize): void {
  const zero = f32x4.splat(0);
  let x0 = zero;
  let x1 = zero;
  let x2 = zero;
  let x3 = zero;
  let y0 = zero;
  let y1 = zero;
  let y2 = zero;
  let y3 = zero;
  const row = rowBytes;
  for (let end = keys + <usize>keyCount * KEY; keys < end; keys += KEY, tile += row) {
    const p = v128.load(tile);
    const q = v128.load(tile, 16);
    let key = v128.load_splat<f32>(keys);
    x0 = f32x4.add(x0, f32x4.mul(p, key));
    y0 = f32x4.add(y0, f32x4.mul(q, key));
    key = v128.load_splat<f32>(keys, 4);
    x1 = f32x4.add(x1, f32x4.mul(p, key));
    y1 = f32x4.add(y1, f32x4.mul(q, key));
    key = v128.load_splat<f32>(keys, 8);
    x2 = f32x4.add(x2, f32x4.mul(p, key));
    y2 = f32x4.add(y2, f32x4.mul(q, key));
    key = v128.load_splat<f32>(keys, 12);
    x3 = f32x4.add(x3, f32x4.mul(p, key));
    y3 = f32x4.add(y3, f32x4.mul(q, key));
  }
  v128.store(out, x0);
  v128.store(out, y0, 16);
  v128.store(out + row, x1);
  v128.store(out + row, y1, 16);
  v128.store(out + 2 * row, x2);
  v128.store(out + 2 * row, y2, 16);
  v128.store(out + 3 * row, x3);
  v128.store(out + 3 * row, y3, 16);
}

/** Four queries, eight channels. */
// @ts-ignore: decorator
@inline
function sumOf8OverKeys(tile: usize, keys: usize, out: usize): void {
  const zero = f32x4.splat(0);
  let x0 = zero;
  let x1 = zero;
  let x2 = zero;
  let x3 = zero;
  let x4 = zero;
  let x5 = zero;
  let x6 = zero;
  let x7 = zero;
  const row = rowBytes;
  for (let end = keys + <usize>keyCount * KEY; keys < end; keys += KEY, tile += row) {
    const p = v128.load(tile);
    x0 = f32x4.add(x0, f32x4.mul(p, v128.load_splat<f32>(keys)));
    x1 = f32x4.add(x1, f32x4.mul(p, v128.load_splat<f32>(keys, 4)));
    x2 = f32x4.add(x2, f32x4.mul(p, v128.load_splat<f32>(keys, 8)));
    x3 = f32x4.add(x3, f32x4.mul(p, v128.load_splat<f32>(keys, 12)));
    x4 = f32x4.add(x4, f32x4.mul(p, v128.load_splat<f32>(keys, 16)));
    x5 = f32x4.add(x5, f32x4.mul(p, v128.load_splat<f32>(keys, 20)));
    x6 = f32x4.add(x6, f32x4.mul(p, v128.load_splat<f32>(keys, 24)));
    x7 = f32x4.add(x7, f32x4.mul(p, v128.load_splat<f32>(keys, 28)));
  }
  v128.store(out, x0);
  v128.store(out + row, x1);
  v128.store(out + 2 * row, x2);
  v128.store(out + 3 * row, x3);
  v128.store(out + 4 * row, x4);
  v128.store(out + 5 * row, x5);
  v128.store(out + 6 * row, x6);
  v128.store(out + 7 * row, x7);
}

/** sums[j][d] += Σ_c tile[j][c]·tokens[c][d], for tokens as they lie in memory. Two keys at a time; the last of an odd number is its own second. */
export function addOverQueries(tile: usize, tokens: usize, sums: usize): void {
  for (let j = 0; j < keyCount; j += 2, tile += 2 * rowBytes, sums += 2 * KEY) {
    const paired = j + 1 < keyCount;
    addOverQueriesOfTwo(tile, paired ? rowBytes : 0, tokens, sums, paired ? sums + KEY : sums);
  }
}

// @ts-ignore: decorator
@inline
function addOverQueriesOfTwo(tile: usize, apart: usize, tokens: usize, sums: usize, others: usize): void {
  let x0 = v128.load(sums);
  let x1 = v128.load(sums, 16);
  let x2 = v128.load(sums, 32);
  let x3 = v128.load(sums, 48);
  let y0 = v128.load(others);
  let y1 = v128.load(others, 16);
  let y2 = v128.load(others, 32);
  let y3 = v128.load(others, 48);
  for (let end = tile + (<usize>columns << 2); tile < end; tile += 4, tokens += TOKEN) {
    const x = v128.load_splat<f32>(tile);
    const y = v128.load_splat<f32>(tile + apart);
    let token = v128.load(tokens);
    x0 = f32x4.add(x0, f32x4.mul(x, token));
    y0 = f32x4.add(y0, f32x4.mul(y, token));
    token = v128.load(tokens, 16);
    x1 = f32x4.add(x1, f32x4.mul(x, token));
    y1 = f32x4.add(y1, f32x4.mul(y, token));
    token = v128.load(tokens, 32);
    x2 = f32x4.add(x2, f32x4.mul(x, token));
    y2 = f32x4.add(y2, f32x4.mul(y, token));
    token = v128.load(tokens, 48);
    x3 = f32x4.add(x3, f32x4.mul(x, token));
    y3 = f32x4.add(y3, f32x4.mul(y, token));
  }
  v128.store(sums, x0);
  v128.store(sums, x1, 16);
  v128.store(sums, x2, 32);
  v128.store(sums, x3, 48);
  v128.store(others, y0);
  v128.store(others, y1, 16);
  v128.store(others, y2, 32);
  v128.store(others, y3, 48);
}
