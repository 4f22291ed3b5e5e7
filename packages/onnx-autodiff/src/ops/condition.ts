import { asValue, broadcastShape, onnxNode, ShapeError, type ElementType, type Operand, type Value } from '../value.js';
import { sumTo } from './broadcasting.js';

function compare(op: string, x: Operand, y: Operand): Value {
  const a = asValue(x);
  const b = asValue(y);
  const shape = broadcastShape(a.shape, b.shape);
  if (!shape) throw new ShapeError(op, 'the shapes do not broadcast', a, b);
  return onnxNode(op, [a, b], { shape, type: 'bool' });
}

/** a > b, strictly; a condition, so no gradient flows. */
export function greater(a: Operand, b: Operand): Value {
  return compare('Greater', a, b);
}

/** a ≥ b; a condition, so no gradient flows. */
export function greaterOrEqual(a: Operand, b: Operand): Value {
  return compare('GreaterOrEqual', a, b);
}

/** a = b; a condition, so no gradient flows. */
export function equal(a: Operand, b: Operand): Value {
  return compare('Equal', a, b);
}

/** Both conditions hold. */
export function and(a: Value, b: Value): Value {
  return compare('And', a, b);
}

/** a where the condition holds, b elsewhere, broadcast. */
export function where(condition: Value, x: Operand, y: Operand): Value {
  const a = asValue(x);
  const b = asValue(y);
  const choice = broadcastShape(a.shape, b.shape);
  const shape = choice && broadcastShape(condition.shape, choice);
  if (!shape) throw new ShapeError('Where', 'the shapes do not broadcast', condition, a, b);
  return onnxNode('Where', [condition, a, b], { shape, type: a.type }, (g) => [
    undefined,
    sumTo(where(condition, g, 0), a.shape),
    sumTo(where(condition, 0, g), b.shape),
  ]);
}

const onnxTypes: Record<ElementType, number> = { float32: 1, int64: 7, bool: 9 };

/** Another element type; no gradient flows. */
export function cast(x: Value, type: ElementType): Value {
  return onnxNode('Cast', [x], { shape: x.shape, type }, undefined, { to: onnxTypes[type] });
}
