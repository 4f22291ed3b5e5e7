import type { Layout } from '../../config/values.js';
import { InputError } from '../../files/errors.js';
import type { Bag } from '../types.js';

/**
 * For each place of the s × s grid, row by row, the token that stands there. The tokens are divided by their y into s rows of s, and
 * each row is ordered by x: neighbours on the slide become neighbours on the grid, whatever the shape of the tissue, and every token
 * keeps a place.
 * @param coordinates x, y of each token, `[s², 2]`.
 * @throws {InputError} where the bag has no coordinates.
 */
export function spatialOrder(coordinates: Int32Array | Float32Array | undefined, tokens: number): Uint32Array {
  if (!coordinates)
    throw new InputError(
      "A feature file has no coordinates, which 'features.layout: spatial' needs. Take 'raster', or files with 'coords'.",
    );
  const side = Math.sqrt(tokens);
  const by = (first: 0 | 1) => (a: number, b: number) => {
    const along = coordinates[2 * a + first] - coordinates[2 * b + first];
    return along || coordinates[2 * a + 1 - first] - coordinates[2 * b + 1 - first] || a - b;
  };
  const order = Uint32Array.from({ length: tokens }, (_, i) => i).sort(by(1));
  for (let row = 0; row < side; row++) order.subarray(row * side, (row + 1) * side).sort(by(0));
  return order;
}

/** Nearest integer, a half to the even neighbour (IEEE 754, and Python's `round`). */
function roundHalfEven(x: number): number {
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
  return Uint32Array.from({ length: tokens }, (_, i) =>
    patches <= tokens ? i % patches : roundHalfEven((i * patches) / tokens),
  );
}

/** The chosen rows of a matrix [n, width], in the order of `rows`; the same kind of array. */
export function takeRows<A extends Float32Array | Int32Array>(matrix: A, width: number, rows: Uint32Array): A {
  const taken = (
    matrix instanceof Int32Array ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width)
  ) as A;
  rows.forEach((row, i) => taken.set(matrix.subarray(row * width, (row + 1) * width), i * width));
  return taken;
}

/** The patch of each token of a bag in the places of its layout, `[tokens]`: {@link bagRows}, and where it is spatial {@link spatialOrder} of those. */
export function tokenRows(
  { patches, coordinates }: Pick<Bag, 'patches' | 'coordinates'>,
  tokens: number,
  layout: Layout = 'raster',
): Uint32Array {
  const rows = bagRows(patches, tokens);
  if (layout === 'raster') return rows;
  const order = spatialOrder(coordinates && takeRows(coordinates, 2, rows), tokens);
  return order.map((place) => rows[place]);
}

/**
 * A bag of exactly `tokens` patches in the places of its layout, coordinates with them; see {@link tokenRows}.
 * @throws {InputError} where the layout needs coordinates that the bag does not have.
 */
export function fixBag(bag: Bag, tokens: number, layout: Layout = 'raster'): Bag {
  if (layout === 'raster' && bag.patches === tokens) return bag;
  return withRows(bag, tokenRows(bag, tokens, layout));
}

function withRows(bag: Bag, rows: Uint32Array): Bag {
  return {
    ...bag,
    patches: rows.length,
    features: takeRows(bag.features, bag.width, rows),
    coordinates: bag.coordinates && takeRows(bag.coordinates, 2, rows),
  };
}
