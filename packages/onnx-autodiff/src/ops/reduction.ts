import { axisOf, onnxNode, type Value } from '../value.js';
import { axesOf, expand, reduce, sum } from './broadcasting.js';
import { cast, equal } from './condition.js';
import { div, mul, sub } from './elementwise.js';

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
