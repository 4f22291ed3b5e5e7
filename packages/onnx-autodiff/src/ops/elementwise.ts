import { asValue, broadcastShape, constant, onnxNode, ShapeError, type Operand, type Value } from '../value.js';
import { sumTo } from './broadcasting.js';
import { greater, where } from './condition.js';

type BinaryRule = (g: Value, a: Value, b: Value, y: Value) => readonly [Value | undefined, Value | undefined];

function binary(op: string, x: Operand, y: Operand, rule: BinaryRule): Value {
  const a = asValue(x);
  const b = asValue(y);
  const shape = broadcastShape(a.shape, b.shape);
  if (!shape) throw new ShapeError(op, 'the shapes do not broadcast', a, b);
  const result: Value = onnxNode(op, [a, b], { shape, type: a.type }, (g) => {
    const [da, db] = rule(g, a, b, result);
    return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
  });
  return result;
}

/** a + b, broadcast. */
export function add(a: Operand, b: Operand): Value {
  return binary('Add', a, b, (g) => [g, g]);
}

/** a − b, broadcast. */
export function sub(a: Operand, b: Operand): Value {
  return binary('Sub', a, b, (g) => [g, neg(g)]);
}

/** a · b element by element, broadcast. */
export function mul(a: Operand, b: Operand): Value {
  return binary('Mul', a, b, (g, a, b) => [mul(g, b), mul(g, a)]);
}

/** a / b element by element, broadcast. */
export function div(a: Operand, b: Operand): Value {
  return binary('Div', a, b, (g, _a, b, y) => {
    const da = div(g, b);
    return [da, neg(mul(da, y))];
  });
}

/** The larger of a and b, broadcast. At a tie the gradient goes to a. */
export function maximum(a: Operand, b: Operand): Value {
  return binary('Max', a, b, (g, a, b) => [where(greater(b, a), 0, g), where(greater(b, a), g, 0)]);
}

/** The smaller of a and b, broadcast. At a tie the gradient goes to a. */
export function minimum(a: Operand, b: Operand): Value {
  return binary('Min', a, b, (g, a, b) => [where(greater(a, b), 0, g), where(greater(a, b), g, 0)]);
}

/** x held between `low` and `high`. At both ends the gradient goes to x. */
export function clip(x: Operand, low: number, high: number): Value {
  const v = asValue(x);
  return onnxNode('Clip', [v, constant(low), constant(high)], { shape: v.shape }, (g) => [
    where(greater(v, high), 0, where(greater(low, v), 0, g)),
  ]);
}

function unary(op: string, x: Value, rule: (g: Value, y: Value) => Value | undefined, attributes = {}): Value {
  const result: Value = onnxNode(op, [x], { shape: x.shape, type: x.type }, (g) => [rule(g, result)], attributes);
  return result;
}

/** −x */
export function neg(x: Value): Value {
  return unary('Neg', x, (g) => neg(g));
}

/** eˣ */
export function exp(x: Value): Value {
  return unary('Exp', x, (g, y) => mul(g, y));
}

/** Natural logarithm. */
export function log(x: Value): Value {
  return unary('Log', x, (g) => div(g, x));
}

/** Square root. */
export function sqrt(x: Value): Value {
  return unary('Sqrt', x, (g, y) => div(g, mul(y, 2)));
}

/** x² */
export function square(x: Value): Value {
  return mul(x, x);
}

/** |x|, with derivative sign(x): 0 at 0. */
export function abs(x: Value): Value {
  return unary('Abs', x, (g) => mul(g, sign(x)));
}

/** −1, 0 or 1; no gradient flows. */
export function sign(x: Value): Value {
  // 2¹²⁷ carries every normal number beyond ±1. ONNX's own Sign is several times slower, and WebGPU has none.
  return onnxNode('Clip', [mul(x, 2 ** 127), constant(-1), constant(1)], { shape: x.shape }, () => [undefined]);
}

/** The integer below; no gradient flows. */
export function floor(x: Value): Value {
  return unary('Floor', x, () => undefined);
}

/** x itself, as a constant to differentiation: no gradient flows. */
export function stopGradient(x: Value): Value {
  return unary('Identity', x, () => undefined);
}

/** Hyperbolic tangent. */
export function tanh(x: Value): Value {
  return unary('Tanh', x, (g, y) => mul(g, sub(1, square(y))));
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Value): Value {
  return unary('Sigmoid', x, (g, y) => mul(g, mul(y, sub(1, y))));
}

/** max(x, 0); the derivative at 0 is 0. */
export function relu(x: Value): Value {
  return unary('Relu', x, (g, y) => where(greater(y, 0), g, 0));
}

/** x where x > 0, eˣ − 1 elsewhere. */
export function elu(x: Value): Value {
  return unary('Elu', x, (g, y) => mul(g, where(greater(y, 0), 1, add(y, 1))), { alpha: { float: 1 } });
}

/** Gauss error function. */
export function erf(x: Value): Value {
  return unary('Erf', x, (g) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))));
}

/** Gaussian error linear unit, the exact form: x·Φ(x). */
export function gelu(x: Value): Value {
  return mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2))));
}
