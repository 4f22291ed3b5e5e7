import type { Grid } from '../model/kernels/keys.js';
import { UNITS, type PositionBiasWeights } from '../model/kernels/weights.js';

/** Bias and gradients of the reference, in float64. */
export interface ExactPositionBias {
  bias: Float64Array; // [P, N, M]
  gradients: Record<'points' | keyof PositionBiasWeights, Float64Array>;
}

/**
 * The continuous position bias query by query in float64, with its gradients for `upstream [P, N, M]`: slow, short, and the witness of the
 * kernels. dℓ/dd = 1/(1+|d|) holds at d = 0 too.
 */
export function positionBiasExactly(
  points: Float32Array,
  { side, kvPoints }: Grid,
  { w1, b1, w2, b2, w3, b3 }: PositionBiasWeights,
  upstream: ArrayLike<number>,
): ExactPositionBias {
  const N = side * side;
  const bias = new Float64Array(upstream.length);
  const zeros = (like: Float32Array) => new Float64Array(like.length);
  const d = {
    points: zeros(points),
    w1: zeros(w1),
    b1: zeros(b1),
    w2: zeros(w2),
    b2: zeros(b2),
    w3: zeros(w3),
    b3: zeros(b3),
  };
  const h1 = new Float64Array(UNITS);
  const dh1 = new Float64Array(UNITS);

  for (let at = 0; at < upstream.length; at++) {
    const q = Math.floor(at / kvPoints) % N;
    const point = (Math.floor(at / (N * kvPoints)) * kvPoints + (at % kvPoints)) * 2;
    const dx = (2 * (q % side)) / (side - 1) - 1 - points[point];
    const dy = (2 * Math.floor(q / side)) / (side - 1) - 1 - points[point + 1];
    const u = Math.sign(dx) * Math.log(1 + Math.abs(dx));
    const v = Math.sign(dy) * Math.log(1 + Math.abs(dy));
    const g = upstream[at];

    for (let i = 0; i < UNITS; i++) h1[i] = Math.max(0, w1[2 * i] * u + w1[2 * i + 1] * v + b1[i]);
    dh1.fill(0);
    let out = b3[0];
    for (let k = 0; k < UNITS; k++) {
      let z = b2[k];
      for (let i = 0; i < UNITS; i++) z += w2[k * UNITS + i] * h1[i];
      if (!(z > 0)) continue;
      out += w3[k] * z;
      const dz = g * w3[k];
      d.w3[k] += g * z;
      d.b2[k] += dz;
      for (let i = 0; i < UNITS; i++) {
        d.w2[k * UNITS + i] += dz * h1[i];
        dh1[i] += dz * w2[k * UNITS + i];
      }
    }
    bias[at] = out;
    d.b3[0] += g;

    let du = 0;
    let dv = 0;
    for (let i = 0; i < UNITS; i++) {
      if (!(h1[i] > 0)) continue;
      d.w1[2 * i] += dh1[i] * u;
      d.w1[2 * i + 1] += dh1[i] * v;
      d.b1[i] += dh1[i];
      du += dh1[i] * w1[2 * i];
      dv += dh1[i] * w1[2 * i + 1];
    }
    d.points[point] -= du / (1 + Math.abs(dx));
    d.points[point + 1] -= dv / (1 + Math.abs(dy));
  }
  return { bias, gradients: d };
}
