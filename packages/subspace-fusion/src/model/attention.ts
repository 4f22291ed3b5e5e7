import { add, div, matmul, reshape, softmax, transpose, type Value } from 'onnx-autodiff';
import { bilinearSample } from './bilinear.js';
import { dropout, type Dropout } from './dropout.js';
import { normalisedPositions } from './key-positions.js';
import type { PositionBiasValues } from './position-bias/dense.js';
import { GROUP_WIDTH, GROUPS, gridSide, HEAD_WIDTH, WIDTH } from './widths.js';

type Weights = Readonly<Record<string, Value>>;

/** Computes the position bias `[P, s², M]` of points `[P, M, 2]`: in the graph (`densePositionBias`) or by the sweep kernel. */
export type PositionBias = (points: Value, s: number, weights: PositionBiasValues) => Value;

/** Tokens by group: `[B, N, 128] → [B, 8, N, 16]`. */
function byGroup(x: Value): Value {
  const [B, N] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, N, GROUPS, GROUP_WIDTH]), [0, 2, 1, 3]);
}

/** Tokens with their groups side by side: `[B, 8, N, 16] → [B, N, 128]`. */
function joinGroups(x: Value): Value {
  const [B, , N] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [B, N, WIDTH]);
}

/** Exchanges the last two of three or four axes. */
function transposed(x: Value): Value {
  return transpose(x, x.shape.length === 3 ? [0, 2, 1] : [0, 1, 3, 2]);
}

/**
 * Cross-modal deformable attention, docs/method.md 2.4: queries from the fused tokens, keys and values from the histology
 * tokens at the positions `vgrid`.
 *
 * A group's 64-wide queries, keys and values are linear in 16 channels, f (fused) and kv (sampled histology), so the
 * products are taken in another order, through 16 channels instead of 64; the results are the same but for rounding:
 *
 *     Q·Kᵀ/√64 = f·(kv·W_kᵀ·W_q/√64)ᵀ              as Q = f·W_qᵀ, K = kv·W_kᵀ
 *     Σ_g (A_g·V_g)·W_out,gᵀ = Σ_g (A_g·kv_g)·(W_v,gᵀ·W_out,gᵀ)    as V = kv·W_vᵀ
 *
 * @param fused F̂ `[B, N, 128]`
 * @param vgrid `[B·8, 2, k, k]`
 * @param histology P̂ `[B, N, 128]`
 * @returns `[B, N, 128]`
 */
export function deformableAttention(
  fused: Value,
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
  const f = byGroup(fused); // [B, 8, N, 16]
  const kv = bilinearSample(byGroup(histology), u, s); // [B, 8, k², 16]
  const bias = reshape(positionBias(reshape(u, [B * GROUPS, M, 2]), s, biasWeights(p)), [B, GROUPS, N, M]);
  const logits = add(matmul(f, transposed(matmul(kv, keysToQueries(p)))), bias);
  const attention = dropout(softmax(logits), 'attention', options); // [B, 8, N, k²]
  const read = joinGroups(matmul(attention, kv)); // [B, N, 128]
  return add(matmul(read, valuesToOutput(p)), p['out.bias']!);
}

/** W_kᵀ·W_q/√64 of each group, `[8, 16, 16]`. */
function keysToQueries(p: Weights): Value {
  return div(matmul(transposed(p['keys.weight']!), p['queries.weight']!), Math.sqrt(HEAD_WIDTH));
}

/** W_v,gᵀ·W_out,gᵀ of all groups, one below the other: `[128, 128]`. */
function valuesToOutput(p: Weights): Value {
  const out = reshape(transpose(p['out.weight']!, [1, 0]), [GROUPS, HEAD_WIDTH, WIDTH]); // W_out,gᵀ
  return reshape(matmul(transposed(p['values.weight']!), out), [WIDTH, WIDTH]);
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
