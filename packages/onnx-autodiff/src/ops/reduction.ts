import { sameShape } from '../shapes.js';
import { axisOf, integers, onnxNode, ShapeError, type Value } from '../value.js';
import { div, mul, sub } from './elementwise.js';
import { expand, reshape } from './layout.js';
import { cast, equal } from './condition.js';

function axesOf(op: string, x: Value, axes: readonly number[] | undefined): number[] {
  if (!axes) return x.shape.map((_, i) => i);
  const chosen = axes.map((a) => axisOf(op, x, a));
  if (new Set(chosen).size !== chosen.length)
    throw new ShapeError(op, `an axis occurs twice in [${axes.join(', ')}]`, x);
  return chosen;
}

/** Shape after reduction with the reduced axes kept as 1. */
function keptShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

type ReductionRule = (g: Value, x: Value, y: Value, kept: readonly number[]) => Value;

function reduce(op: string, x: Value, axes: readonly number[] | undefined, keep: boolean, rule: ReductionRule): Value {
  const over = axesOf(op, x, axes);
  if (over.length === 0) return x;
  const kept = keptShape(x.shape, over);
  const result: Value = onnxNode(
    op,
    [x, integers(over)],
    { shape: kept, type: x.type },
    (g) => [rule(g, x, result, kept)],
    { keepdims: 1 },
  );
  return keep
    ? result
    : reshape(
        result,
        kept.filter((_, i) => !over.includes(i)),
      );
}

/** Sum over the axes (default: all). */
export function sum(x: Value, axes?: readonly number[], keep = false): Value {
  return reduce('ReduceSum', x, axes, keep, (g) => expand(g, x.shape));
}

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

/** Sums `x` down to a shape that broadcasts to x's: the gradient of broadcasting. */
export function sumTo(x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length === 0 ? x : sum(x, axes, true), shape);
}
