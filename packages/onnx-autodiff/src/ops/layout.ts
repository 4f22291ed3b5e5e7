import { axisOf, constant, integers, onnxNode, sameShape, ShapeError, sizeOf, type Value } from '../value.js';
import { expand, reshape } from './broadcasting.js';

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

function requireIndices(op: string, indices: Value): void {
  if (indices.type !== 'int64') throw new TypeError(`${op}: indices are ${indices.type}, not int64`);
}

/**
 * How long an axis of x is when the graph runs: int64 `[1]`. In an exported model that may be another length than x's shape says, where
 * the axis is free.
 */
export function lengthOf(x: Value, axis: number): Value {
  const a = axisOf('Shape', x, axis);
  return onnxNode('Shape', [x], { shape: [1], type: 'int64' }, undefined, { start: a, end: a + 1 });
}

/** Rows by number: the slices of x along `axis` that `indices` (int64, any shape) name. Repeated indices add up their gradients. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  requireIndices('Gather', indices);
  const a = axisOf('Gather', x, axis);
  const before = x.shape.slice(0, a);
  const after = x.shape.slice(a + 1);
  const shape = [...before, ...indices.shape, ...after];
  return onnxNode(
    'Gather',
    [x, indices],
    { shape, type: x.type },
    (g) => {
      const n = sizeOf(indices.shape);
      const slots = expand(reshape(indices, [...before.map(() => 1), n, ...after.map(() => 1)]), [
        ...before,
        n,
        ...after,
      ]);
      return [scatterAdd(x.shape, slots, reshape(g, [...before, n, ...after]), a)];
    },
    { axis: a },
  );
}

/** Element by element along one axis: y[i][j][k] = x[i][index[i][j][k]][k] for axis 1. Repeated indices add up their gradients. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  requireIndices('GatherElements', indices);
  const a = axisOf('GatherElements', x, axis);
  const fits = indices.shape.length === x.shape.length && indices.shape.every((d, i) => i === a || d <= x.shape[i]);
  if (!fits) throw new ShapeError('GatherElements', `indices reach beyond x off axis ${axis}`, x, indices);
  return onnxNode(
    'GatherElements',
    [x, indices],
    { shape: indices.shape, type: x.type },
    (g) => [scatterAdd(x.shape, indices, g, a)],
    { axis: a },
  );
}

/** Zeros of `shape` with the updates added at their indices along one axis: the transpose of gatherElements. */
export function scatterAdd(shape: readonly number[], indices: Value, updates: Value, axis: number): Value {
  requireIndices('ScatterElements', indices);
  if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== shape.length) {
    throw new ShapeError(
      'ScatterElements',
      `indices and updates must match and have the rank of [${shape.join(', ')}]`,
      indices,
      updates,
    );
  }
  const a = axisOf('ScatterElements', indices, axis);
  const zeros = expand(
    reshape(
      constant(0),
      shape.map(() => 1),
    ),
    shape,
  );
  // Not ScatterND: with reduction it loses updates on the CPU provider when two threads meet at one index.
  return onnxNode(
    'ScatterElements',
    [zeros, indices, updates],
    { shape },
    (g) => [undefined, undefined, gatherElements(g, indices, a)],
    { axis: a, reduction: 'add' },
  );
}
