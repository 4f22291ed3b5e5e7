import { concat, constant, expand, matmul, mul, relu, reshape, sigmoid, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import { applyLinear, linearLayer, type Weights } from './layers.js';

/** Parameters of the fusion of two vectors of `width`, each first brought to `inner`. */
export function bilinearFusionParameters(name: string, width: number, inner: number): ParameterSpecs {
  const side = (which: string): ParameterSpecs => ({
    ...linearLayer(`${name}.${which}.embed`, width, inner),
    ...linearLayer(`${name}.${which}.gate`, 2 * width, inner),
    ...linearLayer(`${name}.${which}.out`, inner, inner),
  });
  return {
    ...side('first'),
    ...side('second'),
    ...linearLayer(`${name}.0`, (inner + 1) * (inner + 1), width),
    ...linearLayer(`${name}.1`, width, width),
  };
}

/**
 * Gated bilinear fusion (Pathomic Fusion, Chen et al. 2020, as in the public code of MCAT, Chen et al. 2021): with `a`, `b` the two vectors,
 *
 *     hₐ = relu(Wₐ·a),  zₐ = sigmoid(W'ₐ·[a | b]),  oₐ = relu(W''ₐ·(zₐ ⊙ hₐ)),  and so for b;
 *     the Kronecker product [oₐ | 1] ⊗ [o_b | 1], then two layers with ReLU.
 *
 * Dropout acts on oₐ, o_b, on the product and after both layers.
 *
 * @param a `[B, width]`
 * @param b `[B, width]`
 * @returns `[B, width]`
 */
export function bilinearFusion(a: Value, b: Value, p: Weights, name: string, options?: Dropout): Value {
  const B = a.shape[0];
  const both = concat([a, b], 1);
  const gated = (x: Value, side: string) => {
    const h = relu(applyLinear(x, p, `${side}.embed`)); // [B, inner]
    const z = sigmoid(applyLinear(both, p, `${side}.gate`));
    return dropout(relu(applyLinear(mul(z, h), p, `${side}.out`)), `${side}.out`, options);
  };
  const one = expand(constant(1), [B, 1]);
  const first = concat([gated(a, `${name}.first`), one], 1); // [B, inner + 1]
  const second = concat([gated(b, `${name}.second`), one], 1);
  const n = first.shape[1];
  const product = reshape(matmul(reshape(first, [B, n, 1]), reshape(second, [B, 1, n])), [B, n * n]);
  let h = dropout(product, `${name}.product`, options);
  for (const layer of [`${name}.0`, `${name}.1`]) h = dropout(relu(applyLinear(h, p, layer)), layer, options);
  return h;
}
