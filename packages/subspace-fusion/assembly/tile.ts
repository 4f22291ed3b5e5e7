/**
 * A tile of attention: some columns of one row of the query grid, and all M keys of a group. Arrays over the tile are [M][width], so that four queries lie
 * side by side and sums over keys need no sum within a vector. What belongs to queries is kept by channels, [16][width]; keys and values are [M][16].
 */

/** Channels of a group. */
export const CHANNELS: i32 = 16;
/** Bytes of a token. */
export const TOKEN: usize = 128 * 4;
/** Bytes of a key or a value. */
export const KEY: usize = 64;

/** The most columns of a tile: of wide grids a row is several tiles, which stay in the processor's cache. */
const WIDEST: i32 = 64;

/** Keys, columns, and the columns' bytes in an array, rounded up to whole vectors; those beyond are 0. */
export let keyCount: i32 = 0;
export let columns: i32 = 0;
export let rowBytes: usize = 0;

/** The most columns of a tile on a grid of side s: rows are cut evenly. */
export function tileColumns(s: i32): i32 {
  const tiles = (s + WIDEST - 1) / WIDEST;
  return (s + tiles - 1) / tiles;
}

/** Bytes of a row of an array over a tile of n columns. */
// @ts-ignore: decorator
@inline
export function tileRow(n: i32): usize {
  return (<usize>(n + 3) & ~3) << 2;
}

export function useTile(keys: i32, n: i32): void {
  keyCount = keys;
  columns = n;
  rowBytes = tileRow(n);
}

/** Takes a group's channels of the tile's tokens, rows of 128 floats from `tokens` on, by channels. */
export function byChannels(tokens: usize, to: usize): void {
  memory.fill(to, 0, <usize>CHANNELS * rowBytes);
  for (let c: usize = 0; c < <usize>columns; c++) {
    for (let d: usize = 0; d < <usize>CHANNELS; d++) {
      store<f32>(to + d * rowBytes + (c << 2), load<f32>(tokens + c * TOKEN + (d << 2)));
    }
  }
}

/** The way back. */
export function byTokens(from: usize, tokens: usize): void {
  for (let c: usize = 0; c < <usize>columns; c++) {
    for (let d: usize = 0; d < <usize>CHANNELS; d++) {
      store<f32>(tokens + c * TOKEN + (d << 2), load<f32>(from + d * rowBytes + (c << 2)));
    }
  }
}
