import { add, div, linear, matmul, reshape, softmax, transpose, type Value } from 'onnx-autodiff';
import { bilinearSample } from './bilinear.js';
import { dropout, type Dropout } from './dropout.js';
import { keyPositions, normalisedPositions } from './key-positions.js';
import type { PositionBiasValues } from './position-bias/dense.js';
import { GROUP_WIDTH, GROUPS, gridSide, HEAD_WIDTH } from './widths.js';

type Weights = Readonly<Record<string, Value>>;

/** Computes the position bias `[P, s², M]` of points `[P, M, 2]`: in the graph (`densePositionBias`) or by the sweep kernel. */
export type PositionBias = (points: Value, s: number, weights: PositionBiasValues) => Value;

/** Tokens by group: `[B, N, 128] → [B, 8, N, 16]`. */
function byGroup(x: Value): Value {
  const [B, N] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, N, GROUPS, GROUP_WIDTH]), [0, 2, 1, 3]);
}

/** A grouped 1×1 convolution, 16 → 64 in each group: `[B, 8, N, 16] → [B, 8, N, 64]`. */
function project(x: Value, weight: Value): Value {
  return matmul(x, transpose(weight, [0, 2, 1]));
}

/** Queries `[B, 8, N, 64]` of the fused tokens, and the key positions that they choose, `vgrid [B·8, 2, k, k]`. */
export function placeKeys(fused: Value, p: Weights): { queries: Value; vgrid: Value } {
  const s = gridSide(fused.shape[1]!);
  const queries = project(byGroup(fused), p['queries.weight']!);
  return { queries, vgrid: keyPositions(transpose(queries, [0, 1, 3, 2]), p, s) };
}

/**
 * Cross-modal deformable attention, METHOD.md 2.4: queries from the fused tokens, keys and values from the histology
 * tokens at the positions `vgrid`.
 *
 * @param queries `[B, 8, N, 64]`
 * @param histology P̂ `[B, N, 128]`
 * @returns `[B, N, 128]`
 */
export function deformableAttention(
  queries: Value,
  vgrid: Value,
  histology: Value,
  p: Weights,
  positionBias: PositionBias,
  options?: Dropout,
): Value {
  const [B, N] = histology.shape as [number, number, number];
  const s = gridSide(N);
  const u = normalisedPositions(vgrid); // [B, 8, k², 2]
  const M = u.shape[2]!;
  const kv = bilinearSample(byGroup(histology), u, s); // [B, 8, k², 16]
  const K = project(kv, p['keys.weight']!);
  const V = project(kv, p['values.weight']!);
  const bias = reshape(positionBias(reshape(u, [B * GROUPS, M, 2]), s, biasWeights(p)), [B, GROUPS, N, M]);
  const logits = add(matmul(div(queries, Math.sqrt(HEAD_WIDTH)), transpose(K, [0, 1, 3, 2])), bias);
  const attention = dropout(softmax(logits), 'attention', options); // [B, 8, N, k²]
  const heads = reshape(transpose(matmul(attention, V), [0, 2, 1, 3]), [B, N, GROUPS * HEAD_WIDTH]);
  return linear(heads, p['out.weight']!, p['out.bias']);
}

function biasWeights(p: Weights): PositionBiasValues {
  return {
    w1: p['bias.0.weight']!,
    b1: p['bias.0.bias']!,
    w2: p['bias.1.weight']!,
    b2: p['bias.1.bias']!,
    w3: p['bias.2.weight']!,
    b3: p['bias.2.bias']!,
  };
}
