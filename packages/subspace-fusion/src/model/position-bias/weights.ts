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

/** Floats of the kernels' block of weights: see assembly/layout.ts. */
export const PACKED_FLOATS = 8 * UNITS + 4 + UNITS * UNITS;

/** Writes the kernels' block of weights: α, β, b₁, S, S·α, S·β, b₂, w₃, b₃ (padded to four) and W₂ by columns; S_i = α_i < 0 ? −1 : 1. */
export function packWeights({ w1, b1, w2, b2, w3, b3 }: PositionBiasWeights, block: Float32Array): void {
  const columns2 = 8 * UNITS + 4;
  for (let i = 0; i < UNITS; i++) {
    const alpha = w1[2 * i];
    const beta = w1[2 * i + 1];
    const sign = alpha < 0 ? -1 : 1;
    [alpha, beta, b1[i], sign, sign * alpha, sign * beta, b2[i], w3[i]].forEach(
      (value, row) => (block[row * UNITS + i] = value),
    );
    for (let k = 0; k < UNITS; k++) block[columns2 + i * UNITS + k] = w2[k * UNITS + i];
  }
  block[8 * UNITS] = b3[0];
}

/** Floats that a task of the backward kernel hands back: T₀, T₁, T_v `[32 i, 32 k]` each, Σ e_k `[32]`, Σ g. */
export const SUM_FLOATS = 3 * UNITS * UNITS + UNITS + 1;

/** Gradients of the weights, shaped as the weights. */
export type PositionBiasWeightGradients = { -readonly [name in keyof PositionBiasWeights]: Float32Array };

/**
 * Gradients of the weights from the sums of all tasks. e_k = g·[z_k > 0], summed over the columns where first-layer unit i is on:
 * T₀ = Σ e_k, T₁ = Σ e_k·u, T_v = Σ e_k·v. As h_i = α_i·u + β_i·v + b_i there,
 * Σ e_k·h_i = α_i·T₁ + β_i·T_v + b_i·T₀.
 */
export function weightGradients(
  sums: Float64Array,
  { w1, b1, w2, b2, w3 }: PositionBiasWeights,
): PositionBiasWeightGradients {
  const size = UNITS * UNITS;
  const gradients = {
    w1: new Float32Array(2 * UNITS),
    b1: new Float32Array(UNITS),
    w2: new Float32Array(size),
    b2: new Float32Array(UNITS),
    w3: new Float32Array(UNITS),
    b3: Float32Array.of(sums[3 * size + UNITS]),
  };
  /** Σ_on of the output unit's input: ReLU(z_k) = Σ_i W₂[k,i]·h_i + b₂[k] where z_k > 0. */
  const outputs = Float64Array.from(b2, (b, k) => b * sums[3 * size + k]);
  for (let i = 0; i < UNITS; i++) {
    let alpha = 0;
    let beta = 0;
    let bias = 0;
    for (let k = 0; k < UNITS; k++) {
      const t0 = sums[i * UNITS + k];
      const t1 = sums[size + i * UNITS + k];
      const tv = sums[2 * size + i * UNITS + k];
      const eh = w1[2 * i] * t1 + w1[2 * i + 1] * tv + b1[i] * t0;
      const w = w2[k * UNITS + i];
      gradients.w2[k * UNITS + i] = w3[k] * eh;
      outputs[k] += w * eh;
      alpha += w * w3[k] * t1;
      beta += w * w3[k] * tv;
      bias += w * w3[k] * t0;
    }
    gradients.w1[2 * i] = alpha;
    gradients.w1[2 * i + 1] = beta;
    gradients.b1[i] = bias;
  }
  for (let k = 0; k < UNITS; k++) {
    gradients.b2[k] = w3[k] * sums[3 * size + k];
    gradients.w3[k] = outputs[k];
  }
  return gradients;
}
