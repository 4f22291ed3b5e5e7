import { axisOf, integers, onnxNode, ShapeError, type Value } from '../value.js';

/** Axes in another order: axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  if (order.length !== x.shape.length || ![...order].sort((a, b) => a - b).every((a, i) => a === i)) {
    throw new ShapeError('Transpose', `[${order.join(', ')}] is not an order of the axes`, x);
  }
  if (order.every((a, i) => a === i)) return x;
  const inverse = order.map((_, i) => order.indexOf(i));
  const shape = order.map((a) => x.shape[a]);
  return onnxNode('Transpose', [x], { shape, type: x.type }, (g) => [transpose(g, inverse)], { perm: order });
}

/** Tensors one after the other along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const first = values.at(0);
  if (!first) throw new TypeError('Concat: nothing to join');
  const a = axisOf('Concat', first, axis);
  const fits = (v: Value) =>
    v.shape.length === first.shape.length && v.shape.every((d, i) => i === a || d === first.shape[i]);
  if (!values.every(fits)) throw new ShapeError('Concat', `the shapes differ beyond axis ${axis}`, ...values);
  const starts: number[] = [0];
  for (const v of values) starts.push(starts[starts.length - 1] + v.shape[a]);
  const shape = first.shape.map((d, i) => (i === a ? starts[values.length] : d));
  return onnxNode(
    'Concat',
    values,
    { shape, type: first.type },
    (g) => values.map((_, i) => slice(g, a, starts[i], starts[i + 1])),
    { axis: a },
  );
}

/** The part from `start` up to, not including, `end` along one axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const a = axisOf('Slice', x, axis);
  const d = x.shape[a];
  if (start < 0 || end > d || start > end) throw new ShapeError('Slice', `no ${start}…${end} along axis ${axis}`, x);
  if (start === 0 && end === d) return x;
  const shape = x.shape.map((n, i) => (i === a ? end - start : n));
  return onnxNode('Slice', [x, integers([start]), integers([end]), integers([a])], { shape, type: x.type }, (g) => [
    pad(g, a, start, d - end),
  ]);
}

/** Zeros before and after along one axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  const a = axisOf('Pad', x, axis);
  if (before < 0 || after < 0) throw new ShapeError('Pad', `cannot add ${before} and ${after} to axis ${axis}`, x);
  const rank = x.shape.length;
  const pads = new Array<number>(2 * rank).fill(0);
  pads[a] = before;
  pads[rank + a] = after;
  const end = before + x.shape[a];
  const shape = x.shape.map((n, i) => (i === a ? end + after : n));
  return onnxNode('Pad', [x, integers(pads)], { shape, type: x.type }, (g) => [slice(g, a, before, end)]);
}
