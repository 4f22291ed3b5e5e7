import { axisOf, constant, onnxNode, sameShape, ShapeError, sizeOf, type Value } from '../value.js';
import { expand, reshape } from './broadcasting.js';

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
