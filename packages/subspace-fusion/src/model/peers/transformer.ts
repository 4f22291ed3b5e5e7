import { add, relu, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import { norm, type ParameterSpecs } from '../parameters.js';
import { applyLinear, applyNorm, linearLayer, type Weights } from './layers.js';
import { multiHeadAttention, multiHeadAttentionParameters } from './multi-head-attention.js';

/** Parameters of one layer, as PyTorch starts its `TransformerEncoderLayer`; `hidden` is the width of the feed-forward part. */
export function transformerLayerParameters(name: string, width: number, hidden: number): ParameterSpecs {
  return {
    ...multiHeadAttentionParameters(`${name}.self`, width),
    ...norm(`${name}.norm1`, width),
    ...linearLayer(`${name}.hidden`, width, hidden),
    ...linearLayer(`${name}.out`, hidden, width),
    ...norm(`${name}.norm2`, width),
  };
}

/**
 * One encoder layer of the transformer (Vaswani et al. 2017, sections 3.1 to 3.3), normalised after each residual, with ReLU:
 * `y = LN(x + attention(x))`, `LN(y + W₂·relu(W₁·y))`. Dropout acts on the attention, on what each residual adds, and on the
 * hidden units.
 *
 * @param x tokens `[B, T, width]`
 */
export function transformerLayer(x: Value, p: Weights, name: string, heads: number, options?: Dropout): Value {
  const read = multiHeadAttention(x, x, p, `${name}.self`, heads, options);
  const y = applyNorm(add(x, dropout(read, `${name}.read`, options)), p, `${name}.norm1`);
  const hidden = dropout(relu(applyLinear(y, p, `${name}.hidden`)), `${name}.hidden`, options);
  const out = dropout(applyLinear(hidden, p, `${name}.out`), `${name}.out`, options);
  return applyNorm(add(y, out), p, `${name}.norm2`);
}
