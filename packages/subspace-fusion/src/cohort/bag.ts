import type { Bag } from './types.js';

/** Nearest integer, a half to the even neighbour (IEEE 754, and Python's `round`). */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The patch that stands at each token of a bag of fixed size N (docs/method.md, section 1). n ≤ N: the patches in turn, again
 * and again. n > N: token i is patch round_half_even(i·n/N), so the indices increase.
 */
export function bagRows(patches: number, tokens: number): Uint32Array {
  return Uint32Array.from({ length: tokens }, (_, i) => (patches <= tokens ? i % patches : roundHalfEven((i * patches) / tokens)));
}

/** The chosen rows of a matrix [n, width], in the order of `rows`; the same kind of array. */
export function takeRows<A extends Float32Array | Int32Array>(matrix: A, width: number, rows: Uint32Array): A {
  const taken = (matrix instanceof Int32Array ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width)) as A;
  rows.forEach((row, i) => taken.set(matrix.subarray(row * width, (row + 1) * width), i * width));
  return taken;
}

/** A bag of exactly `tokens` patches, coordinates with them; see {@link bagRows}. */
export function fixBag(bag: Bag, tokens: number): Bag {
  if (bag.patches === tokens) return bag;
  const rows = bagRows(bag.patches, tokens);
  return {
    ...bag,
    patches: tokens,
    features: takeRows(bag.features, bag.width, rows),
    coordinates: bag.coordinates && takeRows(bag.coordinates, 2, rows),
  };
}
