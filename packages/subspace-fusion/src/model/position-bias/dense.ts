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

/** The weights of the position-bias MLP 2 → 32 → 32 → 1, as values of a graph. */
export interface PositionBiasValues {
  readonly w1: Value; // [32, 2]
  readonly b1: Value; // [32]
  readonly w2: Value; // [32, 32]
  readonly b2: Value; // [32]
  readonly w3: Value; // [1, 32]
  readonly b3: Value; // [1]
}

/**
 * Continuous position bias in the graph itself, on any provider: `points [P, M, 2]` and an s×s grid of queries → `[P, s², M]`.
 * One tile for each of the P pairs of sample and group, so that the hidden layers never stand whole in memory.
 */
export function densePositionBias(points: Value, s: number, w: PositionBiasValues): Value {
  const [P, M] = points.shape as [number, number, number];
  const tiles = Array.from({ length: P }, (_, i) => tile(reshape(slice(points, 0, i, i + 1), [M, 2]), s, w));
  return concat(tiles, 0);
}

/** The bias of one sample and group: `[M, 2] → [1, s², M]`. */
function tile(points: Value, s: number, { w1, b1, w2, b2, w3, b3 }: PositionBiasValues): Value {
  const M = points.shape[0];
  const N = s * s;
  const axis = constant(
    Float32Array.from({ length: s }, (_, i) => (2 * i) / (s - 1) - 1),
    [s, 1],
  );
  const along = (i: number) => signedLog(sub(axis, reshape(slice(points, 1, i, i + 1), [1, M]))); // [s, M]
  const x = reshape(expand(reshape(along(0), [1, s, M]), [s, s, M]), [1, N * M]); // the column moves
  const y = reshape(expand(reshape(along(1), [s, 1, M]), [s, s, M]), [1, N * M]); // the row stays
  const column = (b: Value) => reshape(b, [-1, 1]);
  const h1 = relu(add(matmul(w1, concat([x, y], 0)), column(b1))); // [32, N·M]
  const h2 = relu(add(matmul(w2, h1), column(b2)));
  return reshape(add(matmul(w3, h2), column(b3)), [1, N, M]);
}

/** ℓ = sign(d)·log(1 + |d|). At d = 0 its derivative is 1, as on both sides; `sign` and `abs` would make it 0. */
function signedLog(d: Value): Value {
  const right = greaterOrEqual(d, 0);
  const magnitude = where(right, d, neg(d));
  return mul(where(right, 1, -1), log(add(magnitude, 1)));
}
