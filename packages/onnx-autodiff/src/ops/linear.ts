import { broadcastShape, onnxNode, sameShape, ShapeError, sizeOf, type Value } from '../value.js';
import { reshape, sum, sumTo } from './broadcasting.js';
import { transpose } from './layout.js';

/** x with its last two axes exchanged. */
function transposeLast(x: Value): Value {
  const rank = x.shape.length;
  return transpose(
    x,
    x.shape.map((_, i) => (i === rank - 2 ? rank - 1 : i === rank - 1 ? rank - 2 : i)),
  );
}

/** Matrix product over the last two axes, `[…, n, k] · […, k, m] → […, n, m]`; the axes before them broadcast. */
export function matmul(a: Value, b: Value): Value {
  const [n, k] = a.shape.slice(-2);
  const [k2, m] = b.shape.slice(-2);
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (a.shape.length < 2 || b.shape.length < 2 || k !== k2 || !batch)
    throw new ShapeError('MatMul', 'the matrices do not fit', a, b);
  return onnxNode('MatMul', [a, b], { shape: [...batch, n, m] }, (g) => [
    sumTo(matmul(g, transposeLast(b)), a.shape),
    // aᵀ·g; where b is the wider one, as (gᵀ·a)ᵀ …
    sumTo(m < k ? transposeLast(matmul(transposeLast(g), a)) : matmul(transposeLast(a), g), b.shape),
  ]);
}

/** Product of two matrices, either of them transposed on the fly. */
export function gemm(a: Value, b: Value, { transA = false, transB = false } = {}): Value {
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new ShapeError('Gemm', 'takes two matrices', a, b);
  const [n, k] = transA ? [a.shape[1], a.shape[0]] : [a.shape[0], a.shape[1]];
  const [k2, m] = transB ? [b.shape[1], b.shape[0]] : [b.shape[0], b.shape[1]];
  if (k !== k2) throw new ShapeError('Gemm', `the inner sizes ${k} and ${k2} differ`, a, b);
  // y = A·B, A = aᵀ or a: dA = g·Bᵀ, dB = Aᵀ·g, each transposed back where the operand was.
  return onnxNode(
    'Gemm',
    [a, b],
    { shape: [n, m] },
    (g) => [
      transA ? gemm(b, g, { transA: transB, transB: true }) : gemm(g, b, { transB: !transB }),
      transB ? gemm(g, a, { transA: true, transB: transA }) : gemm(a, g, { transA: !transA }),
    ],
    { transA: Number(transA), transB: Number(transB) },
  );
}

/** x·Wᵀ + b over the last axis, as a layer stores it: `x [..., in]`, `W [out, in]`, `b [out]` or none. */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  const [out, width] = weight.shape;
  const fits = weight.shape.length === 2 && x.shape.length > 0 && x.shape[x.shape.length - 1] === width;
  if (!fits || (bias && !sameShape(bias.shape, [out]))) {
    throw new ShapeError('linear', 'the layer does not fit', x, weight, ...(bias ? [bias] : []));
  }
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), width]);
  const product = bias ? gemmWithBias(rows, weight, bias) : gemm(rows, weight, { transB: true });
  return reshape(product, [...x.shape.slice(0, -1), out]);
}

/** x·Wᵀ + b for a matrix x in one node. */
function gemmWithBias(x: Value, weight: Value, bias: Value): Value {
  return onnxNode(
    'Gemm',
    [x, weight, bias],
    { shape: [x.shape[0], weight.shape[0]] },
    (g) => [gemm(g, weight), gemm(g, x, { transA: true }), sum(g, [0])],
    { transB: 1 },
  );
}
