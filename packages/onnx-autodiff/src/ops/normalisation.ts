import { onnxNode, sameShape, ShapeError, type Value } from '../value.js';
import { sumTo } from './broadcasting.js';
import { add, div, mul, sqrt, square, sub } from './elementwise.js';
import { mean } from './reduction.js';

/** Layer normalisation over the last axis: (x − mean)/√(variance + ε) · scale + shift. */
export function layerNorm(x: Value, scale: Value, shift: Value, epsilon = 1e-5): Value {
  const width = x.shape.slice(-1);
  if (width.length === 0 || !sameShape(scale.shape, width) || !sameShape(shift.shape, width)) {
    throw new ShapeError('LayerNormalization', 'scale and shift must have the width of x', x, scale, shift);
  }
  return onnxNode(
    'LayerNormalization',
    [x, scale, shift],
    { shape: x.shape },
    (g) => {
      const centred = sub(x, mean(x, [-1], true));
      const deviation = sqrt(add(mean(square(centred), [-1], true), epsilon));
      const normal = div(centred, deviation);
      const dNormal = mul(g, scale);
      const inner = sub(sub(dNormal, mean(dNormal, [-1], true)), mul(normal, mean(mul(dNormal, normal), [-1], true)));
      return [div(inner, deviation), sumTo(mul(g, normal), scale.shape), sumTo(g, shift.shape)];
    },
    { axis: -1, epsilon: { float: epsilon } },
  );
}
