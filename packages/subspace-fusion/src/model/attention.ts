import { add, div, matmul, reshape, softmax, transpose, type Value } from 'onnx-autodiff';
import { positionBiasLayers, type PositionBiasLayers } from './dense-bias.js';
import { dropout, dropoutKeys, type Dropout, type DropoutKeys } from './dropout.js';
import { linearLayer, weightOnly, type Values } from './layers.js';
import { gridSide, GROUP_WIDTH, GROUPS, HEAD_WIDTH, WIDTH, type NetworkParts } from './parts.js';
import { bilinearSample, normalisedPositions, offsetLayers } from './sampling.js';

/** The parameters of attention: without `offsets` every token is a key, without `bias` nothing is said about positions. */
export type AttentionLayers = Values<ReturnType<typeof attentionLayers>>;

export function attentionLayers({ attention, positionBias }: NetworkParts) {
  const grouped = [GROUPS, HEAD_WIDTH, GROUP_WIDTH];
  const deformable = attention === 'deformable';
  return {
    queries: weightOnly(grouped, GROUP_WIDTH),
    keys: weightOnly(grouped, GROUP_WIDTH),
    values: weightOnly(grouped, GROUP_WIDTH),
    offsets: deformable ? offsetLayers() : undefined,
    bias: deformable && positionBias ? positionBiasLayers() : undefined,
    out: linearLayer(GROUPS * HEAD_WIDTH, WIDTH),
  };
}

/** What attention reads; P = B·8 pairs of sample and group, M keys each. */
export interface AttentionReads {
  readonly fused: Value; // f of all groups side by side, [B, N, 128]
  readonly keys: Value; // what f is multiplied by, [B, 8, M, 16]
  readonly values: Value; // kv [B, 8, M, 16]
  readonly points: Value; // [P, M, 2]
  readonly dropout: DropoutKeys | undefined;
}

/** How the position bias is computed: in the graph (`densePositionBias`), or by the kernels. */
export interface PositionBias {
  /** The bias `[P, s², M]` of points `[P, M, 2]`. */
  bias(points: Value, s: number, layers: PositionBiasLayers): Value;
  /**
   * Attention with the bias inside, dropout(softmax(f·keysᵀ + bias))·kv, groups side by side: `[B, N, 128]`. Where there is none, it is composed
   * in the graph, from tensors `[B, 8, N, M]`.
   */
  attend?(reads: AttentionReads, s: number, layers: PositionBiasLayers): Value;
}

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

/** How the fused tokens attend: weights A over keys, and what the keys read. */
export interface Attention {
  /** `[B, 8, N, M]`; sums to 1 over the M keys. */
  readonly A: Value;
  readonly kv: Value; // [B, 8, M, 16]
}

/**
 * The weights of cross-modal deformable attention, docs/method.md 2.4: queries from the fused tokens, keys from the histology
 * tokens at the positions `vgrid`; M = k².
 *
 * @param fused F̂ `[B, N, 128]`
 * @param vgrid `[B·8, 2, k, k]`
 * @param histology P̂ `[B, N, 128]`
 */
export function deformableWeights(
  fused: Value,
  vgrid: Value,
  histology: Value,
  p: AttentionLayers,
  positionBias: PositionBias,
): Attention {
  const [B, N] = histology.shape as [number, number, number];
  const { s, points, kv } = sample(vgrid, histology);
  const bias = p.bias && reshape(positionBias.bias(points, s, p.bias), [B, GROUPS, N, -1]);
  return { A: weights(byGroup(fused), kv, bias, p), kv };
}

/** The histology tokens at the key positions: kv `[B, 8, M, 16]` and points `[B·8, M, 2]`. */
function sample(vgrid: Value, histology: Value): { s: number; points: Value; kv: Value } {
  const s = gridSide(histology.shape[1]);
  const u = normalisedPositions(vgrid); // [B, 8, M, 2]
  const [B, , M] = u.shape as [number, number, number, number];
  return { s, points: reshape(u, [B * GROUPS, M, 2]), kv: bilinearSample(byGroup(histology), u, s) };
}

/** The weights of plain cross attention, for comparison: every histology token is a key; nothing is said about positions. M = N. */
export function plainWeights(fused: Value, histology: Value, p: AttentionLayers): Attention {
  const kv = byGroup(histology);
  return { A: weights(byGroup(fused), kv, undefined, p), kv };
}

/** softmax(Q·Kᵀ/√64 + bias) of f `[B, 8, N, 16]` over kv `[B, 8, M, 16]`. */
function weights(f: Value, kv: Value, bias: Value | undefined, p: AttentionLayers): Value {
  const product = matmul(f, transposed(matmul(kv, keysToQueries(p)))); // Q·Kᵀ/√64
  return softmax(bias ? add(product, bias) : product);
}

/**
 * Cross-modal deformable attention, docs/method.md 2.4; parameters as {@link deformableWeights}.
 *
 * A group's 64-wide queries, keys and values are linear in 16 channels, f (fused) and kv (sampled histology), so the
 * products are taken in another order, through 16 channels instead of 64; the results are the same but for rounding:
 *
 *     Q·Kᵀ/√64 = f·(kv·W_kᵀ·W_q/√64)ᵀ              as Q = f·W_qᵀ, K = kv·W_kᵀ
 *     Σ_g (A_g·V_g)·W_out,gᵀ = Σ_g (A_g·kv_g)·(W_v,gᵀ·W_out,gᵀ)    as V = kv·W_vᵀ
 *
 * @returns `[B, N, 128]`
 */
export function deformableAttention(
  fused: Value,
  vgrid: Value,
  histology: Value,
  p: AttentionLayers,
  positionBias: PositionBias,
  options?: Dropout,
): Value {
  if (!positionBias.attend || !p.bias)
    return read(deformableWeights(fused, vgrid, histology, p, positionBias), p, options);
  const { s, points, kv } = sample(vgrid, histology);
  const [B, N] = fused.shape as [number, number];
  const dropped = dropoutKeys('attention', [B, GROUPS, N, points.shape[1]], options);
  const reads = { fused, keys: matmul(kv, keysToQueries(p)), values: kv, points, dropout: dropped };
  return output(positionBias.attend(reads, s, p.bias), p);
}

/** Plain cross attention: F̂ and P̂ `[B, N, 128]` → `[B, N, 128]`. */
export function plainAttention(fused: Value, histology: Value, p: AttentionLayers, options?: Dropout): Value {
  return read(plainWeights(fused, histology, p), p, options);
}

/** What attention reads, through its output layer: `[B, N, 128]`. */
function read({ A, kv }: Attention, p: AttentionLayers, options: Dropout | undefined): Value {
  return output(joinGroups(matmul(dropout(A, 'attention', options), kv)), p);
}

/** What the groups read, side by side, through the values' and the output layer: `[B, N, 128]`. */
function output(joined: Value, p: AttentionLayers): Value {
  return add(matmul(joined, valuesToOutput(p)), p.out.bias);
}

/** W_kᵀ·W_q/√64 of each group, `[8, 16, 16]`. */
function keysToQueries(p: AttentionLayers): Value {
  return div(matmul(transposed(p.keys.weight), p.queries.weight), Math.sqrt(HEAD_WIDTH));
}

/** W_v,gᵀ·W_out,gᵀ of all groups, one below the other: `[128, 128]`. */
function valuesToOutput(p: AttentionLayers): Value {
  const out = reshape(transpose(p.out.weight, [1, 0]), [GROUPS, HEAD_WIDTH, WIDTH]); // W_out,gᵀ
  return reshape(matmul(transposed(p.values.weight), out), [WIDTH, WIDTH]);
}
