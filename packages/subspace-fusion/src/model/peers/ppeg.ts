import { add, concat, conv2d, pad, reshape, slice, transpose, type Value } from 'onnx-autodiff';
import { layer, type ParameterSpecs } from '../parameters.js';
import { gridSide } from '../widths.js';
import type { Weights } from './layers.js';

const KERNELS = [7, 5, 3] as const;

/** Parameters of a PPEG over tokens of `width`. */
export function ppegParameters(name: string, width: number): ParameterSpecs {
  const convolutions = KERNELS.map((size) => layer(`${name}.${size}`, [width, 1, size, size], size * size, true));
  return Object.assign({}, ...convolutions) as ParameterSpecs;
}

/**
 * Pyramid position encoding generator (Shao et al., NeurIPS 2021, figure 4): with the tokens of the bag seen as an image, each
 * channel plus its convolutions of 7×7, 5×5 and 3×3, with biases; the class token, the first, passes by. Convolutions add
 * up in their kernels, so that one of 7×7 does for the three.
 *
 * @param x class token and bag `[B, 1 + s², D]`
 */
export function ppeg(x: Value, p: Weights, name: string): Value {
  const [B, tokens, D] = x.shape as [number, number, number];
  const s = gridSide(tokens - 1);
  const bag = slice(x, 1, 1, tokens);
  const image = reshape(transpose(bag, [0, 2, 1]), [B, D, s, s]);
  const kernels = KERNELS.map((size) => padded(p[`${name}.${size}.weight`], (KERNELS[0] - size) / 2));
  const biases = KERNELS.map((size) => p[`${name}.${size}.bias`]);
  const encoding = conv2d(image, kernels.reduce(add), biases.reduce(add), { padding: (KERNELS[0] - 1) / 2, groups: D });
  const encoded = add(bag, transpose(reshape(encoding, [B, D, s * s]), [0, 2, 1]));
  return concat([slice(x, 1, 0, 1), encoded], 1);
}

/** A kernel with a margin of zeros. */
function padded(kernel: Value, margin: number): Value {
  return margin === 0 ? kernel : pad(pad(kernel, 2, margin, margin), 3, margin, margin);
}
