import {
  add,
  and,
  cast,
  concat,
  expand,
  floor,
  gatherElements,
  greaterOrEqual,
  mul,
  reshape,
  slice,
  sub,
  sum,
  where,
  type Value,
} from 'onnx-autodiff';

/**
 * Reads maps at points between their cells.
 *
 * @param maps `[B, G, s·s, C]`, cell (row, column) at row·s + column
 * @param points `[B, G, M, 2]`, x then y; −1 and 1 are the outer edges of the border cells (align_corners false)
 * @returns `[B, G, M, C]`, bilinear interpolation with zeros outside the map
 */
export function bilinearSample(maps: Value, points: Value, s: number): Value {
  const [B, G, , C] = maps.shape as [number, number, number, number];
  const M = points.shape[2];
  // Pixel coordinate ((u + 1)·s − 1)/2, its cell and the fraction beyond it.
  const pixel = sub(mul(points, s / 2), (1 - s) / 2); // [B, G, M, 2]
  const cell = floor(pixel);
  const fraction = sub(pixel, cell);
  const axis = (v: Value, i: number) => slice(v, 3, i, i + 1); // [B, G, M, 1]

  const corners = [0, 1].flatMap((dx) =>
    [0, 1].map((dy) => {
      const x = add(axis(cell, 0), dx);
      const y = add(axis(cell, 1), dy);
      const inside = and(within(x, s), within(y, s));
      const weight = mul(
        dx ? axis(fraction, 0) : sub(1, axis(fraction, 0)),
        dy ? axis(fraction, 1) : sub(1, axis(fraction, 1)),
      );
      // Outside the map, cell 0 is read with weight 0. A point that is NaN reads there too, but keeps its weight NaN.
      return { index: where(inside, add(mul(y, s), x), 0), weight: mul(weight, where(inside, 1, 0)) };
    }),
  );
  const index = cast(
    concat(
      corners.map((c) => c.index),
      2,
    ),
    'int64',
  ); // [B, G, 4M, 1]
  const weight = concat(
    corners.map((c) => c.weight),
    2,
  );
  const read = gatherElements(maps, expand(index, [B, G, 4 * M, C]), 2); // [B, G, 4M, C]
  return sum(reshape(mul(read, weight), [B, G, 4, M, C]), [2]);
}

/** 0 ≤ v ≤ s − 1 */
function within(v: Value, s: number): Value {
  return and(greaterOrEqual(v, 0), greaterOrEqual(s - 1, v));
}
