import { axisOf, broadcastShape, integers, onnxNode, sameShape, ShapeError, sizeOf, type Value } from '../value.js';

// The operations that broadcasting is made of. They are each other's gradients, and those of nearly all others.

/** The same elements in another shape. One dimension may be −1: it takes what is left. */
export function reshape(x: Value, shape: readonly number[]): Value {
  const known = sizeOf(shape.filter((d) => d !== -1));
  const dims = shape.map((d) => (d === -1 ? sizeOf(x.shape) / known : d));
  if (sizeOf(dims) !== sizeOf(x.shape) || dims.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError('Reshape', `${sizeOf(x.shape)} elements do not fill [${shape.join(', ')}]`, x);
  }
  if (sameShape(x.shape, dims)) return x;
  const attributes: Record<string, number> = dims.includes(0) ? { allowzero: 1 } : {};
  return onnxNode(
    'Reshape',
    [x, integers(dims)],
    { shape: dims, type: x.type },
    (g) => [reshape(g, x.shape)],
    attributes,
  );
}

/** x repeated along dimensions of size 1 to fill `shape`. */
export function expand(x: Value, shape: readonly number[]): Value {
  const full = broadcastShape(x.shape, shape);
  if (!full || !sameShape(full, shape)) throw new ShapeError('Expand', `does not fill [${shape.join(', ')}]`, x);
  if (sameShape(x.shape, shape)) return x;
  return onnxNode('Expand', [x, integers(shape)], { shape, type: x.type }, (g) => [sumTo(g, x.shape)]);
}

/** The axes that an operation is over, counted from the front; all where none are named. */
export function axesOf(op: string, x: Value, axes: readonly number[] | undefined): number[] {
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

/** One of ONNX's reductions; `rule` gives the gradient for x from that of the result with its axes kept. */
export function reduce(
  op: string,
  x: Value,
  axes: readonly number[] | undefined,
  keep: boolean,
  rule: ReductionRule,
): Value {
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

/** Sums `x` down to a shape that broadcasts to x's: the gradient of broadcasting. */
export function sumTo(x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length === 0 ? x : sum(x, axes, true), shape);
}
