import {
  add,
  linear as affine,
  concat,
  constant,
  conv2d,
  div,
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
import { atRate, dropout, type Dropout } from '../dropout.js';
import { layer, linear, normalise, normLayer, weightOnly, type Values } from '../layers.js';
import { gridSide } from '../parts.js';
import type { LinearStart } from './peer.js';

const HEADS = 8;
/** Reach of the convolution over the values along the sequence. */
const KERNEL = 33;
/** Steps of the iteration for the pseudo-inverse. */
const STEPS = 6;
const RATE = 0.1;

type NystromLayers = Values<ReturnType<typeof nystromLayers>>;

/** The layer `x + attention(norm(x))` over tokens of `width`. */
export function nystromLayers(width: number, start: LinearStart) {
  return {
    norm: normLayer(width),
    qkv: { weight: start(width, 3 * width).weight },
    values: weightOnly([HEADS, 1, KERNEL, 1], KERNEL),
    out: start(width, width),
  };
}

/** The transformer layer of TransMIL (Shao et al., NeurIPS 2021): `x + attention(norm(x))`, `[B, n, D]`, dropout 0.1 on the attention's output. */
export function nystromLayer(x: Value, p: NystromLayers, options?: Dropout): Value {
  const read = nystromAttention(normalise(x, p.norm), p);
  return add(x, dropout(linear(read, p.out), 'out', atRate(options, RATE)));
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
function nystromAttention(x: Value, p: Pick<NystromLayers, 'qkv' | 'values'>): Value {
  const [B, n, D] = x.shape as [number, number, number];
  const d = D / HEADS;
  const landmarks = D / 2;
  const l = Math.ceil(n / landmarks);
  const length = l * landmarks;
  const sequence = pad(x, 1, length - n, 0);
  const { weight } = p.qkv; // queries', keys' and values' rows
  const heads = (part: number) => {
    const projected = affine(sequence, slice(weight, 0, part * D, (part + 1) * D));
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
  const margin = (KERNEL - 1) / 2;
  const along = conv2d(pad(v, 2, margin, margin), p.values.weight, undefined, { groups: HEADS });
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

/** Side of the largest of a PPEG's three kernels. */
const LARGEST_KERNEL = 7;

/** The convolutions of a PPEG over tokens of `width`. */
export function ppegLayers(width: number) {
  const convolution = (size: number) => layer([width, 1, size, size], size * size);
  return { 'position.7': convolution(7), 'position.5': convolution(5), 'position.3': convolution(3) };
}

/**
 * Pyramid position encoding generator (Shao et al., NeurIPS 2021, figure 4): with the tokens of the bag seen as an image, each
 * channel plus its convolutions of 7×7, 5×5 and 3×3, with biases; the class token, the first, passes by. Convolutions add
 * up in their kernels, so that one of 7×7 does for the three.
 *
 * @param x class token and bag `[B, 1 + s², D]`
 */
export function ppeg(x: Value, p: Values<ReturnType<typeof ppegLayers>>): Value {
  const [B, tokens, D] = x.shape as [number, number, number];
  const s = gridSide(tokens - 1);
  const bag = slice(x, 1, 1, tokens);
  const image = reshape(transpose(bag, [0, 2, 1]), [B, D, s, s]);
  const convolutions = [p['position.7'], p['position.5'], p['position.3']];
  const kernel = convolutions.map(({ weight }) => padded(weight)).reduce(add);
  const bias = convolutions.map(({ bias }) => bias).reduce(add);
  const encoding = conv2d(image, kernel, bias, { padding: (LARGEST_KERNEL - 1) / 2, groups: D });
  const encoded = add(bag, transpose(reshape(encoding, [B, D, s * s]), [0, 2, 1]));
  return concat([slice(x, 1, 0, 1), encoded], 1);
}

/** A kernel with a margin of zeros that makes it as large as the largest. */
function padded(kernel: Value): Value {
  const margin = (LARGEST_KERNEL - kernel.shape[2]) / 2;
  return margin === 0 ? kernel : pad(pad(kernel, 2, margin, margin), 3, margin, margin);
}
