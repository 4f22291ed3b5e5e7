import { add, concat, relu, type Value } from 'onnx-autodiff';
import { atRate, dropout, within, type Dropout } from '../dropout.js';
import { linear, linearLayer, normalise, normLayer, type Values } from '../layers.js';
import {
  gatedAttentionLayers,
  gatedAttentionPool,
  geneGroupLayers,
  geneGroupTokens,
  multiHeadAttention,
  multiHeadAttentionLayers,
  peer,
} from './peer.js';

type TransformerLayers = Values<ReturnType<typeof transformerLayers>>;

/** One layer, as PyTorch starts its `TransformerEncoderLayer`; `hidden` is the width of the feed-forward part. */
function transformerLayers(width: number, hidden: number) {
  return {
    self: multiHeadAttentionLayers(width),
    norm1: normLayer(width),
    hidden: linearLayer(width, hidden),
    out: linearLayer(hidden, width),
    norm2: normLayer(width),
  };
}

/**
 * One encoder layer of the transformer (Vaswani et al. 2017, sections 3.1 to 3.3), normalised after each residual, with ReLU:
 * `y = LN(x + attention(x))`, `LN(y + W₂·relu(W₁·y))`. Dropout acts on the attention, on what each residual adds, and on the
 * hidden units.
 *
 * @param x tokens `[B, T, width]`
 */
function transformerLayer(x: Value, p: TransformerLayers, heads: number, options?: Dropout): Value {
  const read = multiHeadAttention(x, x, p.self, heads, within(options, 'self'));
  const y = normalise(add(x, dropout(read, 'read', options)), p.norm1);
  const hidden = dropout(relu(linear(y, p.hidden)), 'hidden', options);
  const out = dropout(linear(hidden, p.out), 'out', options);
  return normalise(add(y, out), p.norm2);
}

const WIDTH = 256;
const HEADS = 8;
const FEED_FORWARD = 512;
const RATE = 0.25;

/**
 * Multimodal Co-Attention Transformer (Chen et al., "Multimodal Co-Attention Transformer for Survival Prediction in Gigapixel
 * Whole Slide Images", ICCV 2021), with the widths, dropout and late fusion (concatenation) of its public code
 * (github.com/mahmoodlab/MCAT, size `small`, which its commands run).
 *
 * The paper has six groups of genes by function (tumour suppressors, oncogenes, ...). Here the groups are the study's own two
 * gene sets, tumour and microenvironment, so that all models read the same genes; the network takes any number of groups.
 * The two layers of a transformer start apart; in the public code, which copies the first, they start equal.
 */
export const mcat = peer({
  reads: ['bag', 'genes'],
  layers: ({ patchWidth, genes, classes }) => mcatLayers(patchWidth, [genes.tumour, genes.microenvironment], classes),
  network: ({ X, genes }, p, options) => ({
    logits: mcatLogits(X, [genes.tumour, genes.microenvironment], p, options),
  }),
});

/** MCAT for groups of so many genes. */
export function mcatLayers(patchWidth: number, groups: readonly number[], classes: number) {
  return {
    patches: linearLayer(patchWidth, WIDTH),
    genes: geneGroupLayers(groups, [WIDTH, WIDTH], linearLayer),
    coattention: multiHeadAttentionLayers(WIDTH),
    histology: modalityLayers(),
    expression: modalityLayers(),
    fusion: [linearLayer(2 * WIDTH, WIDTH), linearLayer(WIDTH, WIDTH)] as const,
    head: linearLayer(WIDTH, classes),
  };
}

type ModalityLayers = Values<ReturnType<typeof modalityLayers>>;

function modalityLayers() {
  return {
    0: transformerLayers(WIDTH, FEED_FORWARD),
    1: transformerLayers(WIDTH, FEED_FORWARD),
    pool: gatedAttentionLayers(WIDTH, WIDTH),
    vector: linearLayer(WIDTH, WIDTH),
  };
}

/**
 * The network. Each group of genes asks the patches (genomic-guided co-attention), which leaves one token a group in
 * either modality; the tokens of each modality go through a transformer and gated attention pooling of their own.
 *
 * @param X patch features `[B, N, patchWidth]`
 * @param genes each group's expression `[B, genes]`
 * @returns logits `[B, C]`
 */
function mcatLogits(
  X: Value,
  genes: readonly Value[],
  p: Values<ReturnType<typeof mcatLayers>>,
  options?: Dropout,
): Value {
  const at = atRate(options, RATE);
  const patches = dropout(relu(linear(X, p.patches)), 'patches', at); // [B, N, 256]
  const expression = geneGroupTokens(genes, p.genes, at); // [B, G, 256]
  const histology = multiHeadAttention(expression, patches, p.coattention, 1); // [B, G, 256]
  const both = concat(
    [
      modalityVector(histology, p.histology, within(at, 'histology')),
      modalityVector(expression, p.expression, within(at, 'expression')),
    ],
    1,
  ); // [B, 512]
  const fused = relu(linear(relu(linear(both, p.fusion[0])), p.fusion[1]));
  return linear(fused, p.head);
}

/** Tokens of one modality `[B, G, 256] → [B, 256]`. */
function modalityVector(tokens: Value, p: ModalityLayers, options?: Dropout): Value {
  const first = transformerLayer(tokens, p[0], HEADS, within(options, '0'));
  const second = transformerLayer(first, p[1], HEADS, within(options, '1'));
  const pooled = gatedAttentionPool(second, p.pool, within(options, 'pool')); // [B, 256]
  return dropout(relu(linear(pooled, p.vector)), 'vector', options);
}
