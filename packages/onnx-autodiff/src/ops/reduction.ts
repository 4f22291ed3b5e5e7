import { axisOf, onnxNode, sameShape, ShapeError, type Value } from '../value.js';
import { axesOf, expand, reduce, sum, sumTo } from './broadcasting.js';
import { cast, equal } from './condition.js';
import { add, div, mul, sqrt, square, sub } from './elementwise.js';

/** Mean over the axes (default: all). */
export function mean(x: Value, axes?: readonly number[], keep = false): Value {
  const n = axesOf('ReduceMean', x, axes).reduce((product, a) => product * x.shape[a], 1);
  return reduce('ReduceMean', x, axes, keep, (g) => expand(div(g, n), x.shape));
}

/** Largest element over the axes (default: all). Equal maxima share the gradient. */
export function max(x: Value, axes?: readonly number[], keep = false): Value {
  const over = axesOf('ReduceMax', x, axes);
  return reduce('ReduceMax', x, axes, keep, (g, x, y) => {
    const isMax = cast(equal(x, y), 'float32');
    return mul(div(g, sum(isMax, over, true)), isMax);
  });
}

/** Softmax along one axis. */
export function softmax(x: Value, axis = -1): Value {
  const a = axisOf('Softmax', x, axis);
  const y: Value = onnxNode('Softmax', [x], { shape: x.shape }, (g) => [mul(sub(g, sum(mul(g, y), [a], true)), y)], {
    axis: a,
  });
  return y;
}

/** Logarithm of the softmax along one axis, computed stably. */
export function logSoftmax(x: Value, axis = -1): Value {
  const a = axisOf('LogSoftmax', x, axis);
  return onnxNode('LogSoftmax', [x], { shape: x.shape }, (g) => [sub(g, mul(softmax(x, a), sum(g, [a], true)))], {
    axis: a,
  });
}

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
