import { onnxNode, ShapeError, type Value } from '../value.js';
import { reshape, slice, transpose } from './layout.js';
import { sum } from './reduction.js';

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
  if (x.shape.length !== 4 || weight.shape.length !== 4 || channels !== inner! * groups || out! % groups !== 0) {
    throw new ShapeError('Conv', `the kernel does not fit the image in ${groups} groups`, x, weight);
  }
  const reach = (size: number, k: number) => Math.floor((size + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
  const shape = [batch!, out!, reach(height!, kh!), reach(width!, kw!)];
  if (shape[2]! < 1 || shape[3]! < 1) throw new ShapeError('Conv', 'the kernel is larger than the padded image', x, weight);
  return onnxNode(
    'Conv',
    bias ? [x, weight, bias] : [x, weight],
    { shape },
    (g) => {
      if (dilation !== 1) throw new Error('Conv: the gradient of a dilated convolution is not written');
      const dx = convTranspose2d(g, weight, x.shape, stride, padding, groups);
      const dw = kernelGradient(x, g, weight.shape, stride, padding, groups);
      return bias ? [dx, dw, sum(g, [0, 2, 3])] : [dx, dw];
    },
    { kernel_shape: [kh!, kw!], strides: [stride, stride], pads: [padding, padding, padding, padding], dilations: [dilation, dilation], group: groups },
  );
}

/** The gradient of a convolution for its image: each output cell spreads over the patch it was read from. */
function convTranspose2d(g: Value, weight: Value, shape: readonly number[], stride: number, padding: number, groups: number): Value {
  const [, , kh, kw] = weight.shape;
  // Rows and columns that the last stride did not reach.
  const rest = [2, 3].map((a) => shape[a]! - ((g.shape[a]! - 1) * stride - 2 * padding + weight.shape[a]!));
  return onnxNode('ConvTranspose', [g, weight], { shape }, undefined, {
    kernel_shape: [kh!, kw!],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    output_padding: rest,
    group: groups,
  });
}

/**
 * The gradient of a convolution for its kernel, itself a convolution: the image, its batch axis taken for channels, under
 * the upstream gradient as a kernel that steps by the stride.
 */
function kernelGradient(x: Value, g: Value, shape: readonly number[], stride: number, padding: number, groups: number): Value {
  const [batch, , height, width] = x.shape;
  const [, inner, kh, kw] = shape;
  const image = reshape(transpose(reshape(x, [batch!, groups, inner!, height!, width!]), [2, 1, 0, 3, 4]), [inner!, groups * batch!, height!, width!]);
  const kernel = transpose(g, [1, 0, 2, 3]); // [O, B, OH, OW]
  const full = conv2d(image, kernel, undefined, { padding, dilation: stride, groups }); // [I, O, ≥kh, ≥kw]
  return transpose(slice(slice(full, 2, 0, kh!), 3, 0, kw!), [1, 0, 2, 3]);
}
