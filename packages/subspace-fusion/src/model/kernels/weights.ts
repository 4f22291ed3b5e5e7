/** Units of either hidden layer of the position-bias MLP. */
export const UNITS = 32;

/** The weights of the position-bias MLP 2 → 32 → 32 → 1, input order (x, y), row-major. */
export interface PositionBiasWeights {
  readonly w1: Float32Array; // [32, 2]
  readonly b1: Float32Array; // [32]
  readonly w2: Float32Array; // [32, 32]
  readonly b2: Float32Array; // [32]
  readonly w3: Float32Array; // [1, 32]
  readonly b3: Float32Array; // [1]
}

/** The weights as assembly/table.ts has them: rows of α, β, b₁, b₂, w₃, then W₂ by columns, then b₃. */
export function packWeights({ w1, b1, w2, b2, w3, b3 }: PositionBiasWeights): Float64Array {
  const packed = new Float64Array(5 * UNITS + UNITS * UNITS + 1);
  for (let i = 0; i < UNITS; i++) {
    [w1[2 * i], w1[2 * i + 1], b1[i], b2[i], w3[i]].forEach((value, row) => (packed[row * UNITS + i] = value));
    for (let k = 0; k < UNITS; k++) packed[(5 + i) * UNITS + k] = w2[k * UNITS + i];
  }
  packed[packed.length - 1] = b3[0];
  return packed;
}

const MATRIX = UNITS * UNITS;

/**
 * What the gradients of the weights are made of, with g the upstream gradient of a pair: T₀ = Σ g, T₁ = Σ g·u, T_v = Σ g·v, `[32 i, 32 k]` each, over the
 * pairs where first-layer unit i and second-layer unit k are on; then Σ g for each k where it is on; then Σ g.
 */
export const SUMS = 3 * MATRIX + UNITS + 1;

/** Gradients of the weights, shaped as the weights. */
export type PositionBiasWeightGradients = { -readonly [name in keyof PositionBiasWeights]: Float32Array };

/** Gradients of the weights from the sums: as h_i = α_i·u + β_i·v + b_i where unit i is on, Σ g·h_i = α_i·T₁ + β_i·T_v + b_i·T₀ there. */
export function weightGradients(
  sums: Float64Array,
  { w1, b1, w2, b2, w3 }: PositionBiasWeights,
): PositionBiasWeightGradients {
  const gradients = {
    w1: new Float32Array(2 * UNITS),
    b1: new Float32Array(UNITS),
    w2: new Float32Array(MATRIX),
    b2: new Float32Array(UNITS),
    w3: new Float32Array(UNITS),
    b3: Float32Array.of(sums[SUMS - 1]),
  };
  /** Σ g·z_k where z_k = Σ_i W₂[k,i]·h_i + b₂[k] is on. */
  const outputs = Float64Array.from(b2, (b, k) => b * sums[3 * MATRIX + k]);
  for (let i = 0; i < UNITS; i++) {
    let alpha = 0;
    let beta = 0;
    let bias = 0;
    for (let k = 0; k < UNITS; k++) {
      const t0 = sums[i * UNITS + k];
      const t1 = sums[MATRIX + i * UNITS + k];
      const tv = sums[2 * MATRIX + i * UNITS + k];
      const gh = w1[2 * i] * t1 + w1[2 * i + 1] * tv + b1[i] * t0;
      const w = w2[k * UNITS + i];
      gradients.w2[k * UNITS + i] = w3[k] * gh;
      outputs[k] += w * gh;
      alpha += w * w3[k] * t1;
      beta += w * w3[k] * tv;
      bias += w * w3[k] * t0;
    }
    gradients.w1[2 * i] = alpha;
    gradients.w1[2 * i + 1] = beta;
    gradients.b1[i] = bias;
  }
  for (let k = 0; k < UNITS; k++) {
    gradients.b2[k] = w3[k] * sums[3 * MATRIX + k];
    gradients.w3[k] = outputs[k];
  }
  return gradients;
}

/** Gradients of the kv points `[P, M, 2]` and, summed over P and M, of the weights. */
export interface PositionBiasGradients extends PositionBiasWeightGradients {
  points: Float32Array;
}
