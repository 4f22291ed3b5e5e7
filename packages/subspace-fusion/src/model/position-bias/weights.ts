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
    for (let k = 0; k < UNITS; k++) block[columns2 + i * UNITS + k] = w2[k * UNITS + i]!;
  }
  block[8 * UNITS] = b3[0]!;
}
