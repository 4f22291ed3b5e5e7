import { matmul, mul, reshape, softmax, transpose, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import { applyLinear, type Weights } from './layers.js';

const PROJECTIONS = ['queries', 'keys', 'values'] as const;

/**
 * Parameters of multi-head attention, as PyTorch starts its `MultiheadAttention`: queries, keys and values Xavier uniform as
 * one matrix `[3·width, width]`, the output as any other layer, all biases 0.
 */
export function multiHeadAttentionParameters(name: string, width: number): ParameterSpecs {
  const matrix = (part: string, bound: number): ParameterSpecs => ({
    [`${name}.${part}.weight`]: { shape: [width, width], start: { uniform: bound } },
    [`${name}.${part}.bias`]: { shape: [width], start: 'zeros' },
  });
  const xavier = Math.sqrt(6 / (width + 3 * width));
  const projections = PROJECTIONS.map((part) => matrix(part, xavier));
  return Object.assign({}, ...projections, matrix('out', 1 / Math.sqrt(width))) as ParameterSpecs;
}

/**
 * Scaled dot-product attention in several heads (Vaswani et al. 2017, section 3.2): each head `softmax(Q·Kᵀ/√d)·V`,
 * d = width / heads, the heads side by side through one more layer. Dropout acts on the attention, where it is given.
 *
 * @param from what asks, `[B, Q, width]`
 * @param to what is read, `[B, K, width]`
 * @returns `[B, Q, width]`
 */
export function multiHeadAttention(
  from: Value,
  to: Value,
  p: Weights,
  name: string,
  heads: number,
  options?: Dropout,
): Value {
  const [B, Q, width] = from.shape as [number, number, number];
  const d = width / heads;
  const queries = mul(byHead(applyLinear(from, p, `${name}.queries`), heads), 1 / Math.sqrt(d)); // [B, heads, Q, d]
  const keys = byHead(applyLinear(to, p, `${name}.keys`), heads); // [B, heads, K, d]
  const values = byHead(applyLinear(to, p, `${name}.values`), heads);
  const attention = dropout(softmax(matmul(queries, transpose(keys, [0, 1, 3, 2]))), `${name}.attention`, options); // [B, heads, Q, K]
  const read = reshape(transpose(matmul(attention, values), [0, 2, 1, 3]), [B, Q, width]);
  return applyLinear(read, p, `${name}.out`);
}

/** `[B, T, width] → [B, heads, T, width / heads]` */
function byHead(x: Value, heads: number): Value {
  const [B, T, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, T, heads, width / heads]), [0, 2, 1, 3]);
}
