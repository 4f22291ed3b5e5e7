/** Products of queries and keys over a tile (tile.ts): where one processor instruction takes four queries, loads are what limits them, so each is used often. */
import { KEY, keyCount, rowBytes } from './tile';

/** tile[j][c] += Σ_d queries[d][c]·keys[j][d]; eight queries and four keys at a time, and the last four queries of an odd number of vectors. */
export function addProducts(tile: usize, queries: usize, keys: usize): void {
  let c: usize = 0;
  for (; c + 32 <= rowBytes; c += 32) {
    for (let j = 0; j < keyCount; j += 4) addProductsOf4(tile + c, queries + c, keys, j);
  }
  if (c == rowBytes) return;
  addProductsOf8(tile + c, queries + c, keys);
  addProductsOf8(tile + c, queries + c + 8 * rowBytes, keys + 32);
}

/** Four keys from j on; where there are fewer, the last is computed again. All is read before anything is written. */
// @ts-ignore: decorator
@inline
function addProductsOf4(tile: usize, queries: usize, keys: usize, j: i32): void {
  const zero = f32x4.splat(0);
  const last = keyCount - 1;
  const j1 = <usize>min(j + 1, last);
  const j2 = <usize>min(j + 2, last);
  const j3 = <usize>min(j + 3, last);
  let k0 = keys + <usize>j * KEY;
  let k1 = keys + j1 * KEY;
  let k2 = keys + j2 * KEY;
  let k3 = keys + j3 * KEY;
  let x0 = zero;
  let x1 = zero;
  let x2 = zero;
  let x3 = zero;
  let y0 = zero;
  let y1 = zero;
  let y2 = zero;
  let y3 = zero;
  const row = rowBytes;
  for (let end = k0 + KEY; k0 < end; k0 += 4, k1 += 4, k2 += 4, k3 += 4, queries += row) {
    const x = v128.load(queries);
    const y = v128.load(queries, 16);
    let key = v128.load_splat<f32>(k0);
    x0 = f32x4.add(x0, f32x4.mul(x, key));
    y0 = f32x4.add(y0, f32x4.mul(y, key));
    key = v128.load_splat<f32>(k1);
    x1 = f32x4.add(x1, f32x4.mul(x, key));
    y1 = f32x4.add(y1, f32x4.mul(y, key));
    key = v128.load_splat<f32>(k2);
    x2 = f32x4.add(x2, f32x4.mul(x, key));
    y2 = f32x4.add(y2, f32x4.mul(y, key));
    key = v128.load_splat<f32>(k3);
    x3 = f32x4.add(x3, f32x4.mul(x, key));
    y3 = f32x4.add(y3, f32x4.mul(y, key));
  }
  const at0 = tile + <usize>j * row;
  const at1 = tile + j1 * row;
  const at2 = tile + j2 * row;
  const at3 = tile + j3 * row;
  x0 = f32x4.add(x0, v128.load(at0));
  y0 = f32x4.add(y0, v128.load(at0, 16));
  x1 = f32x4.add(x1, v128.load(at1));
  y1 = f32x4.add(y1, v128.load(at1, 16));
  x2 = f32x4.add(x2, v128.load(at2));
  y2 = f32x4.add(y2, v128.load(at2, 16));
  x3 = f32x4.add(x3, v128.load(at3));
  y3 = f32x4.add(y3, v128.load(at3, 16));
  v128.store(at0, x0);
  v128.store(at0, y0, 16);
  v128.store(at1, x1);
  v128.store(at1, y1, 16);
  v128.store(at2, x2);
  v128.store(at2, y2, 16);
  v128.store(at3, x3);
  v128.store(at3, y3, 16);
}

/** Four queries, all keys, 8 channels, which stay in registers. */
// @ts-ignore: decorator
@inline
function addProductsOf8(tile: usize, queries: usize, keys: usize): void {
  const x0 = v128.load(queries);
  const x1 = v128.load(queries + rowBytes);
  const x2 = v128.load(queries + 2 * rowBytes);
  const x3 = v128.load(queries + 3 * rowBytes);
  const x4 = v128.load(queries + 4 * rowBytes);
  const x5 = v128.load(queries + 5 * rowBytes);
  const x6 = v128.load(queries + 6 * rowBytes);
  const x7 = v128.load(queries + 7 * rowBytes);
  const row = rowBytes;
  for (let end = keys + <usize>keyCount * KEY; keys < end; keys += KEY, tile += row) {
    let a = f32x4.add(v128.load(tile), f32x4.mul(x0, v128.load_splat<f32>(keys)));
    let b = f32x4.mul(x1, v128.load_splat<f32>(keys, 4));
    a = f32x4.add(a, f32x4.mul(x2, v128.load_splat<f32>(keys, 8)));
    b = f32x4.add(b, f32x4.mul(x3, v128.load_splat<f32>(keys, 12)));
    a = f32x4.add(a, f32x4.mul(x4, v128.load_splat<f32>(keys, 16)));
    b = f32x4.add(b, f32x4.mul(x5, v128.load_splat<f32>(keys, 20)));
    a = f32x4.add(a, f32x4.mul(x6, v128.load_splat<f32>(keys, 24)));
    b = f32x4.add(b, f32x4.mul(x7, v128.load_splat<f32>(keys, 28)));
    v128.store(tile, f32x4.add(a, b));
  }
}
