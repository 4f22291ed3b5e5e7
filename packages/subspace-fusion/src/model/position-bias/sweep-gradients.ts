import { UNITS, type PositionBiasWeights } from './weights.js';

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
    gradients.w3[k] = outputs[k]!;
  }
  return gradients;
}
