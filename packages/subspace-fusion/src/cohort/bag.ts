import type { Bag } from './types.js';

/** Nearest integer, a half to the even neighbour (IEEE 754, and Python's `round`). */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The patch that stands at each token of a bag of fixed size N (METHOD.md, section 1). n ≤ N: the patches in turn, again
 * and again. n > N: token i is patch round_half_even(i·n/N), so the indices increase.
 */
export function bagRows(patches: number, tokens: number): Uint32Array {
  return Uint32Array.from({ length: tokens }, (_, i) => (patches <= tokens ? i % patches : roundHalfEven((i * patches) / tokens)));
}

/** The chosen patches of a bag, in the order of `rows`. */
export function takeRows(bag: Bag, rows: Uint32Array): Bag {
  const { width } = bag;
  const features = new Float32Array(rows.length * width);
  const coordinates = bag.coordinates && new Int32Array(rows.length * 2);
  rows.forEach((row, i) => {
    features.set(bag.features.subarray(row * width, (row + 1) * width), i * width);
    coordinates?.set(bag.coordinates!.subarray(row * 2, row * 2 + 2), i * 2);
  });
  return { ...bag, patches: rows.length, features, coordinates };
}

/** A bag of exactly `tokens` patches, coordinates with them; see {@link bagRows}. */
export function fixBag(bag: Bag, tokens: number): Bag {
  return bag.patches === tokens ? bag : takeRows(bag, bagRows(bag.patches, tokens));
}
