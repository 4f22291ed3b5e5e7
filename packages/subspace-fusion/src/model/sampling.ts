import {
  add,
  and,
  cast,
  concat,
  constant,
  conv2d,
  div,
  expand,
  floor,
  gatherElements,
  gelu,
  greaterOrEqual,
  mul,
  reshape,
  slice,
  sub,
  sum,
  tanh,
  transpose,
  where,
  type Value,
} from 'onnx-autodiff';
import { layer, weightOnly, type Linear, type Values, type WeightOnly } from './layers.js';
import { gridSide, GROUP_WIDTH, GROUPS, HEAD_WIDTH, keySide, OFFSET_KERNEL, OFFSET_RANGE, WIDTH } from './parts.js';

/** The parameters of the network that places the keys: a depthwise convolution, then two coordinates of each cell. */
export type OffsetLayers = Values<ReturnType<typeof offsetLayers>>;

export function offsetLayers() {
  const { size } = OFFSET_KERNEL;
  return {
    depthwise: layer([HEAD_WIDTH, 1, size, size], size * size),
    pointwise: weightOnly([2, HEAD_WIDTH], HEAD_WIDTH),
  };
}

/** Where the keys are read, chosen by the fused tokens F̂ `[B, N, 128]`: `vgrid [B·8, 2, k, k]`, column then row in units of key cells. docs/method.md 2.4. */
export function keyPositions(fused: Value, queries: WeightOnly, p: OffsetLayers): Value {
  const [B, N] = fused.shape as [number, number, number];
  const s = gridSide(N);
  const k = keySide(s);
  const { stride, padding } = OFFSET_KERNEL;
  const image = reshape(transpose(fused, [0, 2, 1]), [B, WIDTH, s, s]);
  const { kernel, bias } = offsetKernel(queries, p.depthwise);
  const local = gelu(
    reshape(conv2d(image, kernel, bias, { stride, padding, groups: GROUPS }), [B * GROUPS, HEAD_WIDTH, k, k]),
  );
  const weight = reshape(p.pointwise.weight, [2, HEAD_WIDTH, 1, 1]);
  const offsets = mul(tanh(conv2d(local, weight)), OFFSET_RANGE); // [B·8, 2, k, k]
  return add(baseGrid(k), offsets);
}

/**
 * The queries' grouped 1×1 convolution and the depthwise one after it as a single grouped convolution: output channel o of
 * group g has the kernel `W_q[g, o, c]·D[o]` on input channel c. The 64-wide queries of all tokens are never computed.
 */
function offsetKernel(queries: WeightOnly, convolution: Linear): { kernel: Value; bias: Value } {
  const { size } = OFFSET_KERNEL;
  const pointwise = reshape(queries.weight, [GROUPS, HEAD_WIDTH, GROUP_WIDTH, 1, 1]);
  const depthwise = reshape(convolution.weight, [1, HEAD_WIDTH, 1, size, size]);
  const bias = expand(reshape(convolution.bias, [1, HEAD_WIDTH]), [GROUPS, HEAD_WIDTH]);
  return {
    kernel: reshape(mul(pointwise, depthwise), [GROUPS * HEAD_WIDTH, GROUP_WIDTH, size, size]),
    bias: reshape(bias, [GROUPS * HEAD_WIDTH]),
  };
}

/** Where the keys are before any offset: column then row of each cell of a k×k grid, `[1, 2, k, k]`. */
export function baseGrid(k: number): Value {
  const cells = Float32Array.from({ length: k * k }, (_, i) => i % k);
  const rows = Float32Array.from({ length: k * k }, (_, i) => Math.floor(i / k));
  return constant(Float32Array.of(...cells, ...rows), [1, 2, k, k]);
}

/** Normalised positions `u [B, 8, k², 2]`, x then y: 2·vgrid/max(k − 1, 1) − 1. */
export function normalisedPositions(vgrid: Value): Value {
  const k = vgrid.shape[3];
  const u = sub(div(mul(vgrid, 2), Math.max(k - 1, 1)), 1);
  return transpose(reshape(u, [-1, GROUPS, 2, k * k]), [0, 1, 3, 2]);
}

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
