import { constant, onnxNode, sameShape, ShapeError, type Value } from '../value.js';
import { expand, reshape, sum } from './broadcasting.js';
import { slice, transpose } from './layout.js';

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
