import {
  concat,
  elu,
  layerNorm,
  linear,
  matmul,
  mul,
  reshape,
  sigmoid,
  softmax,
  tanh,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { alphaDropout, dropout, type Dropout } from '../dropout.js';
import { layer, type NetworkSize, type ParameterSpecs } from '../parameters.js';

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
  parameters(size: NetworkSize): ParameterSpecs;
  network(inputs: PeerInputs, p: Readonly<Record<string, Value>>, dropout?: Dropout): PeerOutputs;
}

/** A graph's parameters, by name. */
export type Weights = Readonly<Record<string, Value>>;

/** `Linear(width, out)` with bias, as PyTorch starts it. */
export function linearLayer(name: string, width: number, out: number): ParameterSpecs {
  return layer(name, [out, width], width, true);
}

/** `Linear(width, out)` with bias, as self-normalising networks start: weights ~ N(0, 1/width), zero biases. */
export function normalLayer(name: string, width: number, out: number): ParameterSpecs {
  return {
    [`${name}.weight`]: { shape: [out, width], start: { normal: 1 / Math.sqrt(width) } },
    [`${name}.bias`]: { shape: [out], start: 'zeros' },
  };
}

/** The linear layer `name` over the last axis: `[..., width] → [..., out]`. */
export function applyLinear(x: Value, p: Weights, name: string): Value {
  return linear(x, p[`${name}.weight`], p[`${name}.bias`]);
}

/** The layer normalisation `name` over the last axis. */
export function applyNorm(x: Value, p: Weights, name: string): Value {
  return layerNorm(x, p[`${name}.scale`], p[`${name}.shift`]);
}

/** Dropout with a rate of its own, where there is dropout at all. */
export function atRate(options: Dropout | undefined, rate: number): Dropout | undefined {
  return options && { ...options, rate };
}

/** All genes of a sample, tumour then microenvironment: `[B, T + M]`. */
export function allGenes({ genes }: PeerInputs): Value {
  return concat([genes.tumour, genes.microenvironment], 1);
}

/** Number of all genes, T + M. */
export function geneCount({ genes }: NetworkSize): number {
  return genes.tumour + genes.microenvironment;
}

/** AlphaDropout of every block, as in the public code of Pathomic Fusion and MCAT. */
const ALPHA_DROPOUT_RATE = 0.25;

/** Parameters of self-normalising blocks of these widths, the input's first; `start` is `normalLayer` or `linearLayer`. */
export function selfNormalisingParameters(
  name: string,
  widths: readonly number[],
  start: (name: string, width: number, out: number) => ParameterSpecs,
): ParameterSpecs {
  const blocks = widths.slice(1).map((out, i) => start(`${name}.${i}`, widths[i], out));
  return Object.assign({}, ...blocks) as ParameterSpecs;
}

/**
 * Self-normalising blocks Linear → ELU → AlphaDropout, `[B, widths[0]] → [B, widths.at(-1)]`. Klambauer et al. 2017 have
 * SELU; Pathomic Fusion (Chen et al. 2020) and MCAT (Chen et al. 2021) put ELU in its place, and so do we.
 *
 * @param blocks how many
 */
export function selfNormalising(x: Value, p: Weights, name: string, blocks: number, options?: Dropout): Value {
  let h = x;
  for (let i = 0; i < blocks; i++)
    h = alphaDropout(elu(applyLinear(h, p, `${name}.${i}`)), `${name}.${i}`, atRate(options, ALPHA_DROPOUT_RATE));
  return h;
}

/** Dropout of both halves of the gate, as in the public code of CLAM and MCAT. */
const ATTENTION_RATE = 0.25;

/** Parameters of gated attention over tokens of `width`, with `hidden` units. */
export function gatedAttentionParameters(name: string, width: number, hidden: number): ParameterSpecs {
  return {
    ...linearLayer(`${name}.tanh`, width, hidden),
    ...linearLayer(`${name}.sigmoid`, width, hidden),
    ...linearLayer(`${name}.score`, hidden, 1),
  };
}

/**
 * Gated attention pooling (Ilse et al. 2018, equations 7 and 9): `z = Σ_k a_k·h_k`,
 * `a = softmax_k(wᵀ(tanh(V·h_k) ⊙ sigmoid(U·h_k)))`. The biases and the dropout of both factors are those of
 * CLAM (Lu et al. 2021) and MCAT (Chen et al. 2021).
 *
 * @param h tokens `[B, N, width]`
 * @returns `[B, width]`
 */
export function gatedAttentionPool(h: Value, p: Weights, name: string, options?: Dropout): Value {
  const [B, , width] = h.shape as [number, number, number];
  const direction = dropout(tanh(applyLinear(h, p, `${name}.tanh`)), `${name}.tanh`, atRate(options, ATTENTION_RATE)); // [B, N, hidden]
  const gate = dropout(
    sigmoid(applyLinear(h, p, `${name}.sigmoid`)),
    `${name}.sigmoid`,
    atRate(options, ATTENTION_RATE),
  );
  const scores = transpose(applyLinear(mul(direction, gate), p, `${name}.score`), [0, 2, 1]); // [B, 1, N]
  return reshape(matmul(softmax(scores), h), [B, width]);
}

const PROJECTIONS = ['queries', 'keys', 'values'] as const;

/**
 * Parameters of multi-head attention, as PyTorch starts its `MultiheadAttention`: queries, keys and values Xavier uniform as
 * one matrix `[3·width, width]`, the output as any other layer, all biases 0.
 */
export function multiHeadAttentionParameters(name: string, width: number): ParameterSpecs {
  const matrix = (part: string, bound: number): ParameterSpecs => ({
    [`${name}.${part}.weight`]: { shape: [width, width], start: { uniform: bound } },
    [`${name}.${part}.bias`]: { shape: [width], start: 'zeros' },
  });
  const xavier = Math.sqrt(6 / (width + 3 * width));
  const projections = PROJECTIONS.map((part) => matrix(part, xavier));
  return Object.assign({}, ...projections, matrix('out', 1 / Math.sqrt(width))) as ParameterSpecs;
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
  p: Weights,
  name: string,
  heads: number,
  options?: Dropout,
): Value {
  const [B, Q, width] = from.shape as [number, number, number];
  const d = width / heads;
  const queries = mul(byHead(applyLinear(from, p, `${name}.queries`), heads), 1 / Math.sqrt(d)); // [B, heads, Q, d]
  const keys = byHead(applyLinear(to, p, `${name}.keys`), heads); // [B, heads, K, d]
  const values = byHead(applyLinear(to, p, `${name}.values`), heads);
  const attention = dropout(softmax(matmul(queries, transpose(keys, [0, 1, 3, 2]))), `${name}.attention`, options); // [B, heads, Q, K]
  const read = reshape(transpose(matmul(attention, values), [0, 2, 1, 3]), [B, Q, width]);
  return applyLinear(read, p, `${name}.out`);
}

/** `[B, T, width] → [B, heads, T, width / heads]` */
function byHead(x: Value, heads: number): Value {
  const [B, T, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [B, T, heads, width / heads]), [0, 2, 1, 3]);
}

/** Parameters of two self-normalising blocks for each group of so many genes. */
export function geneGroupParameters(
  groups: readonly number[],
  [hidden, out]: readonly [hidden: number, out: number],
  start: Parameters<typeof selfNormalisingParameters>[2],
): ParameterSpecs {
  const encoders = groups.map((genes, g) => selfNormalisingParameters(`genes.${g}`, [genes, hidden, out], start));
  return Object.assign({}, ...encoders) as ParameterSpecs;
}

/** One token for each group of genes: expressions `[B, genes]` → `[B, G, out]`. */
export function geneGroupTokens(groups: readonly Value[], p: Weights, options?: Dropout): Value {
  const tokens = groups.map((x, g) => selfNormalising(x, p, `genes.${g}`, 2, options));
  return concat(
    tokens.map((token) => reshape(token, [token.shape[0], 1, token.shape[1]])),
    1,
  );
}
