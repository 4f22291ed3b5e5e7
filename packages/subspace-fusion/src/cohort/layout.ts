import { UserError } from '../files/user-error.js';

/**
 * How the tokens of a bag stand on the network's s × s grid: `raster` in the order of the list, as in the method's published code;
 * `spatial` by their coordinates.
 */
export const LAYOUTS = ['raster', 'spatial'] as const;
export type Layout = (typeof LAYOUTS)[number];

/**
 * For each place of the s × s grid, row by row, the token that stands there. The tokens are divided by their y into s rows of s, and
 * each row is ordered by x: neighbours on the slide become neighbours on the grid, whatever the shape of the tissue, and every token
 * keeps a place.
 * @param coordinates x, y of each token, `[s², 2]`.
 * @throws {UserError} where the bag has no coordinates.
 */
export function spatialOrder(coordinates: Int32Array | Float32Array | undefined, tokens: number): Uint32Array {
  if (!coordinates)
    throw new UserError(
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
