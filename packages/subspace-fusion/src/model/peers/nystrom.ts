import {
  add,
  concat,
  constant,
  conv2d,
  div,
  linear,
  matmul,
  max,
  mean,
  mul,
  pad,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import { layer, norm, type ParameterSpecs } from '../parameters.js';
import { gridSide } from '../parts.js';
import { applyLinear, applyNorm, atRate, linearLayer, type Weights } from './layers.js';

const HEADS = 8;
/** Reach of the convolution over the values along the sequence. */
const KERNEL = 33;
/** Steps of the iteration for the pseudo-inverse. */
const STEPS = 6;
const RATE = 0.1;

/** Parameters of a layer `x + attention(norm(x))` over tokens of `width`. */
export function nystromLayerParameters(name: string, width: number): ParameterSpecs {
  return {
    ...norm(`${name}.norm`, width),
    ...layer(`${name}.qkv`, [3 * width, width], width, false),
    ...layer(`${name}.values`, [HEADS, 1, KERNEL, 1], KERNEL, false),
    ...linearLayer(`${name}.out`, width, width),
  };
}

/** The transformer layer of TransMIL (Shao et al., NeurIPS 2021): `x + attention(norm(x))`, `[B, n, D]`, dropout 0.1 on the attention's output. */
export function nystromLayer(x: Value, p: Weights, name: string, options?: Dropout): Value {
  const read = nystromAttention(applyNorm(x, p, `${name}.norm`), p, name);
  return add(x, dropout(applyLinear(read, p, `${name}.out`), `${name}.out`, atRate(options, RATE)));
}

/**
 * Nyström self-attention (Xiong et al., AAAI 2021, equation 15, with the convolution over the values as a skip connection):
 *
 *     softmax(Q·K̃ᵀ)·softmax(Q̃·K̃ᵀ)⁺·softmax(Q̃·Kᵀ)·V + conv(V)      Q scaled by 1/√d
 *
 * with 8 heads and as many landmarks Q̃, K̃ as half the width, the means of l = ⌈n/landmarks⌉ tokens in a row. As in the
 * public implementation that TransMIL uses, zeros before the sequence fill it up to l times the landmarks, and they are
 * attended to like tokens; so a sequence shorter than the landmarks has each token for a landmark of its own.
 *
 * @param x `[B, n, D]`
 * @returns `[B, n, D]`, before the output layer
 */
function nystromAttention(x: Value, p: Weights, name: string): Value {
  const [B, n, D] = x.shape as [number, number, number];
  const d = D / HEADS;
  const landmarks = D / 2;
  const l = Math.ceil(n / landmarks);
  const length = l * landmarks;
  const sequence = pad(x, 1, length - n, 0);
  const weight = p[`${name}.qkv.weight`]; // queries', keys' and values' rows
  const heads = (part: number) => {
    const projected = linear(sequence, slice(weight, 0, part * D, (part + 1) * D));
    return transpose(reshape(projected, [B, length, HEADS, d]), [0, 2, 1, 3]); // [B, 8, length, d]
  };
  const means = (t: Value) => mean(reshape(t, [B, HEADS, landmarks, l, d]), [3]); // [B, 8, landmarks, d]
  const q = div(heads(0), Math.sqrt(d));
  const k = heads(1);
  const v = heads(2);
  const [qMeans, kMeans] = [means(q), means(k)];
  const toLandmarks = softmax(matmul(q, transposed(kMeans))); // [B, 8, length, landmarks]
  const between = softmax(matmul(qMeans, transposed(kMeans))); // [B, 8, landmarks, landmarks]
  const fromLandmarks = softmax(matmul(qMeans, transposed(k))); // [B, 8, landmarks, length]
  const attended = matmul(toLandmarks, matmul(pseudoInverse(between), matmul(fromLandmarks, v)));
  const along = conv2d(pad(v, 2, (KERNEL - 1) / 2, (KERNEL - 1) / 2), p[`${name}.values.weight`], undefined, {
    groups: HEADS,
  });
  const joined = reshape(transpose(add(attended, along), [0, 2, 1, 3]), [B, length, D]);
  return slice(joined, 1, length - n, length);
}

/**
 * The Moore-Penrose pseudo-inverse of the softmax matrices `A [B, 8, m, m]` by six steps of a third-order iteration
 * (Xiong et al. 2021, equation 11): Z ← ¼Z(13I − AZ(15I − AZ(7I − AZ))), from Z = Aᵀ/(‖A‖₁·‖A‖∞). ‖A‖∞ is 1, as the rows
 * of a softmax add up to 1; ‖A‖₁ is the largest of all heads of a sample, as in the public implementation run on one slide.
 */
function pseudoInverse(A: Value): Value {
  const m = A.shape[3];
  const diagonal = (entry: number) =>
    constant(
      Float32Array.from({ length: m * m }, (_, i) => (i % (m + 1) === 0 ? entry : 0)),
      [m, m],
    );
  const [I7, I13, I15] = [diagonal(7), diagonal(13), diagonal(15)];
  const norm1 = max(sum(A, [2], true), [1, 3], true); // [B, 1, 1, 1]
  let Z = div(transposed(A), norm1);
  for (let step = 0; step < STEPS; step++) {
    const AZ = matmul(A, Z);
    const inner = matmul(AZ, sub(I15, matmul(AZ, sub(I7, AZ))));
    Z = mul(matmul(Z, sub(I13, inner)), 0.25);
  }
  return Z;
}

/** Exchanges the last two of four axes. */
function transposed(x: Value): Value {
  return transpose(x, [0, 1, 3, 2]);
}

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
