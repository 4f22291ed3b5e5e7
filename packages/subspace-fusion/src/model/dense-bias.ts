import {
  add,
  concat,
  constant,
  expand,
  greaterOrEqual,
  log,
  matmul,
  mul,
  neg,
  relu,
  reshape,
  slice,
  sub,
  where,
  type Value,
} from 'onnx-autodiff';
import { linearLayer, type Linear, type ParameterSpec } from './layers.js';
import { BIAS_WIDTH } from './parts.js';

/** The position-bias MLP 2 → 32 → 32 → 1. */
export type PositionBiasLayers<T = Value> = readonly [Linear<T>, Linear<T>, Linear<T>];

export function positionBiasLayers(): PositionBiasLayers<ParameterSpec> {
  return [linearLayer(2, BIAS_WIDTH), linearLayer(BIAS_WIDTH, BIAS_WIDTH), linearLayer(BIAS_WIDTH, 1)];
}

/** The continuous position bias in the graph itself, on any provider. */
export const densePositionBias = { bias };

/**
 * `points [P, M, 2]` and an s×s grid of queries → `[P, s², M]`. One tile for each of the P pairs of sample and group, so that the
 * hidden layers never stand whole in memory.
 */
function bias(points: Value, s: number, layers: PositionBiasLayers): Value {
  const [P, M] = points.shape as [number, number, number];
  const tiles = Array.from({ length: P }, (_, i) => tile(reshape(slice(points, 0, i, i + 1), [M, 2]), s, layers));
  return concat(tiles, 0);
}

/** The bias of one sample and group: `[M, 2] → [1, s², M]`. */
function tile(points: Value, s: number, [first, second, last]: PositionBiasLayers): Value {
  const M = points.shape[0];
  const N = s * s;
  const axis = constant(
    Float32Array.from({ length: s }, (_, i) => (2 * i) / (s - 1) - 1),
    [s, 1],
  );
  const along = (i: number) => signedLog(sub(axis, reshape(slice(points, 1, i, i + 1), [1, M]))); // [s, M]
  const x = reshape(expand(reshape(along(0), [1, s, M]), [s, s, M]), [1, N * M]); // the column moves
  const y = reshape(expand(reshape(along(1), [s, 1, M]), [s, s, M]), [1, N * M]); // the row stays
  const l = concat([x, y], 0); // [2, N·M]
  const h1 = relu(linearOfColumns(l, first)); // [32, N·M]
  const h2 = relu(linearOfColumns(h1, second));
  return reshape(linearOfColumns(h2, last), [1, N, M]);
}

/** W·x + b of each column of x. */
function linearOfColumns(x: Value, { weight, bias }: Linear): Value {
  return add(matmul(weight, x), reshape(bias, [-1, 1]));
}

/** ℓ = sign(d)·log(1 + |d|). At d = 0 its derivative is 1, as on both sides; `sign` and `abs` would make it 0. */
function signedLog(d: Value): Value {
  const right = greaterOrEqual(d, 0);
  const magnitude = where(right, d, neg(d));
  return mul(where(right, 1, -1), log(add(magnitude, 1)));
}
