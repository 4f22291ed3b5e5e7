import { concat, elu, matmul, mul, reshape, sigmoid, softmax, tanh, transpose, type Value } from 'onnx-autodiff';
import { alphaDropout, atRate, dropout, within, type Dropout } from '../dropout.js';
import {
  linear,
  linearLayer,
  type Layers,
  type Linear,
  type NetworkSize,
  type ParameterSpec,
  type Values,
} from '../layers.js';

/** What a peer reads of a sample. */
export type Modality = 'bag' | 'genes';

/** One batch as a peer takes it. A peer leaves alone what it does not read. */
export interface PeerInputs {
  readonly X: Value; // patch features [B, N, width]
  readonly genes: { readonly tumour: Value; readonly microenvironment: Value }; // [B, T], [B, M]
}

/** What a peer makes of a batch. */
export interface PeerOutputs {
  readonly logits: Value; // [B, C]
  /** A further loss of each sample, `[B]`, added to the task loss as its mean over the batch. */
  readonly auxiliary?: Value;
}

/**
 * A published model that the method is compared with: the same inputs, outputs, patients and budget, an architecture of its own.
 * Where `dropout` is given, its sites act with the rates of the peer's own paper.
 */
export interface Peer {
  readonly reads: readonly Modality[];
  /** Samples that go through it at once where nothing else is asked; by default as many as have 2,500 tokens. */
  readonly microBatch?: number;
  layers(size: NetworkSize): Layers<ParameterSpec>;
  /** `p` are the values of its own layers. */
  network(inputs: PeerInputs, p: Layers<Value>, dropout?: Dropout): PeerOutputs;
}

/** A peer as it is written: the compiler holds its network to the layers that it lists. */
interface PeerDefinition<S extends Layers<ParameterSpec>> extends Pick<Peer, 'reads' | 'microBatch'> {
  layers(size: NetworkSize): S;
  network(inputs: PeerInputs, p: Values<S>, dropout?: Dropout): PeerOutputs;
}

export function peer<S extends Layers<ParameterSpec>>(definition: PeerDefinition<S>): Peer {
  return {
    ...definition,
    network: (inputs, p, dropout) => definition.network(inputs, p as unknown as Values<S>, dropout), // of its own layers
  };
}

/** All genes of a sample, tumour then microenvironment: `[B, T + M]`. */
export function allGenes({ genes }: PeerInputs): Value {
  return concat([genes.tumour, genes.microenvironment], 1);
}

/** Number of all genes, T + M. */
export function geneCount({ genes }: NetworkSize): number {
  return genes.tumour + genes.microenvironment;
}

/** How a linear layer of these widths starts: `linearLayer`, `normalLayer`, or as a paper has it. */
export type LinearStart = (from: number, to: number) => Linear<ParameterSpec>;

/** AlphaDropout of every block, as in the public code of Pathomic Fusion and MCAT. */
const ALPHA_DROPOUT_RATE = 0.25;

/** Self-normalising blocks of these widths, the input's first. */
export function selfNormalisingLayers(widths: readonly number[], start: LinearStart): readonly Linear<ParameterSpec>[] {
  return widths.slice(1).map((to, i) => start(widths[i], to));
}

/**
 * Self-normalising blocks Linear → ELU → AlphaDropout, `[B, widths[0]] → [B, widths.at(-1)]`. Klambauer et al. 2017 have
 * SELU; Pathomic Fusion (Chen et al. 2020) and MCAT (Chen et al. 2021) put ELU in its place, and so do we.
 */
export function selfNormalising(x: Value, blocks: readonly Linear[], options?: Dropout): Value {
  let h = x;
  blocks.forEach((block, i) => {
    h = alphaDropout(elu(linear(h, block)), String(i), atRate(options, ALPHA_DROPOUT_RATE));
  });
  return h;
}

/** Dropout of both halves of the gate, as in the public code of CLAM and MCAT. */
const ATTENTION_RATE = 0.25;

/** Gated attention over tokens of `width`, with `hidden` units. */
export function gatedAttentionLayers(width: number, hidden: number) {
  return { tanh: linearLayer(width, hidden), sigmoid: linearLayer(width, hidden), score: linearLayer(hidden, 1) };
}

/**
 * Gated attention pooling (Ilse et al. 2018, equations 7 and 9): `z = Σ_k a_k·h_k`,
 * `a = softmax_k(wᵀ(tanh(V·h_k) ⊙ sigmoid(U·h_k)))`. The biases and the dropout of both factors are those of
 * CLAM (Lu et al. 2021) and MCAT (Chen et al. 2021).
 *
 * @param h tokens `[B, N, width]`
 * @returns `[B, width]`
 */
export function gatedAttentionPool(
  h: Value,
  p: Values<ReturnType<typeof gatedAttentionLayers>>,
  options?: Dropout,
): Value {
  const [B, , width] = h.shape as [number, number, number];
  const at = atRate(options, ATTENTION_RATE);
  const direction = dropout(tanh(linear(h, p.tanh)), 'tanh', at); // [B, N, hidden]
  const gate = dropout(sigmoid(linear(h, p.sigmoid)), 'sigmoid', at);
  const scores = transpose(linear(mul(direction, gate), p.score), [0, 2, 1]); // [B, 1, N]
  return reshape(matmul(softmax(scores), h), [B, width]);
}

/**
 * Multi-head attention, as PyTorch starts its `MultiheadAttention`: queries, keys and values Xavier uniform as one matrix
 * `[3·width, width]`, the output as any other layer, all biases 0.
 */
export function multiHeadAttentionLayers(width: number) {
  const matrix = (bound: number): Linear<ParameterSpec> => ({
    weight: { shape: [width, width], start: { uniform: bound } },
    bias: { shape: [width], start: 'zeros' },
  });
  const xavier = Math.sqrt(6 / (width + 3 * width));
  return { queries: matrix(xavier), keys: matrix(xavier), values: matrix(xavier), out: matrix(1 / Math.sqrt(width)) };
}

/**
 * Scaled dot-product attention in several heads (Vaswani et al. 2017, section 3.2): each head `softmax(Q·Kᵀ/√d)·V`,
 * d = width / heads, the heads side by side through one more layer. Dropout acts on the attention, where it is given.
 *
 * @param from what asks, `[B, Q, width]`
 * @param to what is read, `[B, K, width]`
 * @returns `[B, Q, width]`
 */
export function multiHeadAttention(
  from: Value,
  to: Value,
  p: Values<ReturnType<typeof multiHeadAttentionLayers>>,
  heads: number,
  options?: Dropout,
): Value {
  const [B, Q, width] = from.shape as [number, number, number];
  const d = width / heads;
  const queries = mul(byHead(linear(from, p.queries), heads), 1 / Math.sqrt(d)); // [B, heads, Q, d]
  const keys = byHead(linear(to, p.keys), heads); // [B, heads, K, d]
  const values = byHead(linear(to, p.values), heads);
  const attention = dropout(softmax(matmul(queries, transpose(keys, [0, 1, 3, 2]))), 'attention', options); // [B, heads, Q, K]
  const read = reshape(transpose(matmul(attention, values), [0, 2, 1, 3]), [B, Q, width]);
  return linear(read, p.out);
}

/** `[B, T, width] → [B, heads, T, width / heads]` */
function byHead(x: Value, heads: number): Value {
  const [B, T, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, T, heads, width / heads]), [0, 2, 1, 3]);
}

/** Two self-normalising blocks for each group of so many genes. */
export function geneGroupLayers(
  groups: readonly number[],
  [hidden, out]: readonly [hidden: number, out: number],
  start: LinearStart,
): readonly (readonly Linear<ParameterSpec>[])[] {
  return groups.map((genes) => selfNormalisingLayers([genes, hidden, out], start));
}

/** One token for each group of genes: expressions `[B, genes]` → `[B, G, out]`. */
export function geneGroupTokens(
  groups: readonly Value[],
  encoders: readonly (readonly Linear[])[],
  options?: Dropout,
): Value {
  const tokens = groups.map((x, g) => selfNormalising(x, encoders[g], within(options, `genes.${g}`)));
  return concat(
    tokens.map((token) => reshape(token, [token.shape[0], 1, token.shape[1]])),
    1,
  );
}
