import { broadcastShape, constant, onnxNode, sameShape, ShapeError, sizeOf, type Value } from '../value.js';
import { expand, reshape, sum, sumTo } from './broadcasting.js';
import { slice, transpose } from './layout.js';

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

/** How a convolution moves: the same stride, padding and dilation along rows and columns. */
export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/**
 * Two-dimensional convolution (cross-correlation, as networks use the word).
 * x `[B, groups·I, H, W]`, weight `[O, I, kh, kw]`, bias `[O]` → `[B, O, OH, OW]`.
 */
export function conv2d(x: Value, weight: Value, bias?: Value, options: ConvolutionOptions = {}): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [batch, channels, height, width] = x.shape;
  const [out, inner, kh, kw] = weight.shape;
  if (
    x.shape.length !== 4 ||
    weight.shape.length !== 4 ||
    channels === 0 ||
    channels !== inner * groups ||
    out % groups !== 0
  ) {
    throw new ShapeError('Conv', `the kernel does not fit the image in ${groups} groups`, x, weight);
  }
  if (bias && !sameShape(bias.shape, [out]))
    throw new ShapeError('Conv', 'there must be a bias for each output channel', x, weight, bias);
  const reach = (size: number, k: number) => Math.floor((size + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
  const shape = [batch, out, reach(height, kh), reach(width, kw)];
  if (shape[2] < 1 || shape[3] < 1)
    throw new ShapeError('Conv', 'the kernel is larger than the padded image', x, weight);
  return onnxNode(
    'Conv',
    bias ? [x, weight, bias] : [x, weight],
    { shape },
    (g) => {
      const dx = imageGradient(g, weight, x.shape, options);
      const dw = kernelGradient(x, g, weight.shape, options);
      return bias ? [dx, dw, sum(g, [0, 2, 3])] : [dx, dw];
    },
    {
      kernel_shape: [kh, kw],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      dilations: [dilation, dilation],
      group: groups,
    },
  );
}

/** The gradient of a convolution for its image: each output cell spreads over the patch it was read from. */
function imageGradient(g: Value, weight: Value, shape: readonly number[], options: ConvolutionOptions): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [, , kh, kw] = weight.shape;
  // Rows and columns that the last stride did not reach.
  const rest = [2, 3].map(
    (a) => shape[a] + 2 * padding - (g.shape[a] - 1) * stride - dilation * (weight.shape[a] - 1) - 1,
  );
  return onnxNode('ConvTranspose', [g, weight], { shape }, undefined, {
    kernel_shape: [kh, kw],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    dilations: [dilation, dilation],
    output_padding: rest,
    group: groups,
  });
}

/**
 * The gradient of a convolution for its kernel, itself a convolution: the image, its batch axis taken for channels, under
 * the upstream gradient as a kernel. Stride and dilation change places.
 */
function kernelGradient(x: Value, g: Value, shape: readonly number[], options: ConvolutionOptions): Value {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [batch, , height, width] = x.shape;
  const [, inner, kh, kw] = shape;
  if (batch === 0) return expand(constant(0), shape); // ONNX Runtime leaves a convolution over no channels unwritten
  const grouped = reshape(x, [batch, groups, inner, height, width]);
  const image = reshape(transpose(grouped, [2, 1, 0, 3, 4]), [inner, groups * batch, height, width]);
  const kernel = transpose(g, [1, 0, 2, 3]); // [O, B, OH, OW]
  const full = conv2d(image, kernel, undefined, { padding, stride: dilation, dilation: stride, groups }); // [I, O, ≥kh, ≥kw]
  return transpose(slice(slice(full, 2, 0, kh), 3, 0, kw), [1, 0, 2, 3]);
}
