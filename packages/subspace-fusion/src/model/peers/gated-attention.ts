import { matmul, mul, reshape, sigmoid, softmax, tanh, transpose, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import { applyLinear, atRate, linearLayer, type Weights } from './layers.js';

/** Dropout of both halves of the gate, as in the public code of CLAM and MCAT. */
const RATE = 0.25;

/** Parameters of gated attention over tokens of `width`, with `hidden` units. */
export function gatedAttentionParameters(name: string, width: number, hidden: number): ParameterSpecs {
  return {
    ...linearLayer(`${name}.tanh`, width, hidden),
    ...linearLayer(`${name}.sigmoid`, width, hidden),
    ...linearLayer(`${name}.score`, hidden, 1),
  };
}

/**
 * Gated attention pooling (Ilse et al. 2018, equations 7 and 9): `z = Σ_k a_k·h_k`,
 * `a = softmax_k(wᵀ(tanh(V·h_k) ⊙ sigmoid(U·h_k)))`. The biases and the dropout of both factors are those of
 * CLAM (Lu et al. 2021) and MCAT (Chen et al. 2021).
 *
 * @param h tokens `[B, N, width]`
 * @returns `[B, width]`
 */
export function gatedAttentionPool(h: Value, p: Weights, name: string, options?: Dropout): Value {
  const [B, , width] = h.shape as [number, number, number];
  const direction = dropout(tanh(applyLinear(h, p, `${name}.tanh`)), `${name}.tanh`, atRate(options, RATE)); // [B, N, hidden]
  const gate = dropout(sigmoid(applyLinear(h, p, `${name}.sigmoid`)), `${name}.sigmoid`, atRate(options, RATE));
  const scores = transpose(applyLinear(mul(direction, gate), p, `${name}.score`), [0, 2, 1]); // [B, 1, N]
  return reshape(matmul(softmax(scores), h), [B, width]);
}
