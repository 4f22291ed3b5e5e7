import {
  abs,
  add,
  concat,
  div,
  expand,
  mean,
  mul,
  relu,
  reshape,
  slice,
  stopGradient,
  sub,
  type Value,
} from 'onnx-autodiff';
import { atRate, dropout, within, type Dropout } from '../dropout.js';
import { linear, normalise, normLayer, type Linear, type ParameterSpec, type Values } from '../layers.js';
import { nystromLayer, nystromLayers, ppeg, ppegLayers } from './nystrom.js';
import {
  geneGroupLayers,
  geneGroupTokens,
  multiHeadAttention,
  multiHeadAttentionLayers,
  peer,
  type PeerOutputs,
} from './peer.js';

const WIDTH = 256;
const RATE = 0.25;
/** Weight α of the alignment loss: what the public code runs TCGA's gliomas with. */
const ALIGNMENT = 1;

/**
 * Cross-Modal Translation and Alignment (Zhou and Chen, "Cross-Modal Translation and Alignment for Survival Analysis",
 * ICCV 2023), with the widths, dropout, late fusion (concatenation), starting values and alignment loss of its public code
 * (github.com/FT-ZHOU-ZZZ/CMTA, size `small`, which its commands run).
 *
 * The paper has six groups of genes by function, as MCAT. Here the groups are the study's own two gene sets, tumour and
 * microenvironment, so that all models read the same genes; the network takes any number of groups. The public code trains
 * with stochastic gradient descent on single slides; how to train is not part of the network.
 */
export const cmta = cmtaOfWidth(WIDTH);

/** CMTA with tokens of another width, a multiple of 16, and all else in proportion. */
export function cmtaOfWidth(width: number) {
  return peer({
    reads: ['bag', 'genes'],
    microBatch: 1, // as of TransMIL, whose attention it has
    layers: ({ patchWidth, genes, classes }) =>
      cmtaLayers(patchWidth, [genes.tumour, genes.microenvironment], classes, width),
    network: ({ X, genes }, p, options) => cmtaNetwork(X, [genes.tumour, genes.microenvironment], p, options),
  });
}

type CmtaLayers = Values<ReturnType<typeof cmtaLayers>>;

/** CMTA for groups of so many genes. */
export function cmtaLayers(patchWidth: number, groups: readonly number[], classes: number, width = WIDTH) {
  const translation = () => ({ ...multiHeadAttentionLayers(width), out: xavierLayer(width, width) });
  return {
    patches: [xavierLayer(patchWidth, width), xavierLayer(width, width)],
    genes: geneGroupLayers(groups, [4 * width, width], xavierLayer),
    'histology.encoder': bagTransformerLayers(width),
    'histology.decoder': bagTransformerLayers(width),
    'expression.encoder': transformerLayers(width),
    'expression.decoder': transformerLayers(width),
    'histology.translation': translation(),
    'expression.translation': translation(),
    fusion: [xavierLayer(2 * width, width), xavierLayer(width, width)] as const,
    head: xavierLayer(width, classes),
  };
}

/** `Linear(from, to)` as CMTA starts it: weights Xavier normal, biases 0. */
function xavierLayer(from: number, to: number): Linear<ParameterSpec> {
  return {
    weight: { shape: [to, from], start: { normal: Math.sqrt(2 / (to + from)) } },
    bias: { shape: [to], start: 'zeros' },
  };
}

type TransformerLayers = Values<ReturnType<typeof transformerLayers>>;
type BagTransformerLayers = Values<ReturnType<typeof bagTransformerLayers>>;

function transformerLayers(width: number) {
  return {
    classToken: { shape: [1, 1, width], start: { normal: 1e-6 } } satisfies ParameterSpec,
    layer1: nystromLayers(width, xavierLayer),
    layer2: nystromLayers(width, xavierLayer),
    norm: normLayer(width),
  };
}

/** A transformer of patches also knows where they are. */
function bagTransformerLayers(width: number) {
  return { ...transformerLayers(width), ...ppegLayers(width) };
}

/**
 * The network: each modality is encoded (class token P or G, and tokens), its tokens ask those of the other
 * modality (cross-modal attention), and what they read is decoded (class token P̂ or Ĝ, the modality as the other tells it).
 * Class tokens of encoder and decoder are averaged, joined and classified. The alignment loss draws the decoders' towards the
 * encoders', which it takes as given.
 *
 * @param X patch features `[B, N, patchWidth]`
 * @param genes each group's expression `[B, genes]`
 */
function cmtaNetwork(X: Value, genes: readonly Value[], p: CmtaLayers, options?: Dropout): PeerOutputs {
  const at = atRate(options, RATE);
  const transformed = (
    x: Value,
    part: 'histology.encoder' | 'histology.decoder' | 'expression.encoder' | 'expression.decoder',
  ) => transform(x, p[part], within(at, part));
  const patches = encodePatches(X, p.patches, at); // [B, N, 256]
  const groups = geneGroupTokens(genes, p.genes, at); // [B, G, 256]
  const P = transformed(patches, 'histology.encoder');
  const G = transformed(groups, 'expression.encoder');
  const histology = multiHeadAttention(P.tokens, G.tokens, p['histology.translation'], 1); // [B, N, 256]
  const expression = multiHeadAttention(G.tokens, P.tokens, p['expression.translation'], 1); // [B, G, 256]
  const P_hat = transformed(histology, 'histology.decoder').summary;
  const G_hat = transformed(expression, 'expression.decoder').summary;
  const both = concat([average(P.summary, P_hat), average(G.summary, G_hat)], 1); // [B, 512]
  const fused = relu(linear(relu(linear(both, p.fusion[0])), p.fusion[1])); // [B, 256]
  return {
    logits: linear(fused, p.head),
    auxiliary: mul(add(distance(P.summary, P_hat), distance(G.summary, G_hat)), ALIGNMENT),
  };
}

/** `[B, N, patchWidth] → [B, N, 256]` */
function encodePatches(X: Value, layers: readonly Linear[], options?: Dropout): Value {
  let h = X;
  layers.forEach((layer, i) => {
    h = dropout(relu(linear(h, layer)), `patches.${i}`, options);
  });
  return h;
}

/** What an encoder or decoder makes of its tokens: the class token `[B, 256]` and the tokens `[B, T, 256]`. */
interface Transformed {
  readonly summary: Value;
  readonly tokens: Value;
}

/**
 * An encoder or decoder: a class token before the tokens, two layers of Nyström attention, for a bag with the position
 * encoding of TransMIL between them, layer normalisation.
 */
function transform(x: Value, p: TransformerLayers | BagTransformerLayers, options?: Dropout): Transformed {
  const [B, T, width] = x.shape as [number, number, number];
  let h = concat([expand(p.classToken, [B, 1, width]), x], 1);
  h = nystromLayer(h, p.layer1, within(options, 'layer1'));
  if ('position.7' in p) h = ppeg(h, p);
  h = normalise(nystromLayer(h, p.layer2, within(options, 'layer2')), p.norm);
  return { summary: reshape(slice(h, 1, 0, 1), [B, width]), tokens: slice(h, 1, 1, 1 + T) };
}

function average(a: Value, b: Value): Value {
  return div(add(a, b), 2);
}

/** Mean absolute difference of the decoder's class token from the encoder's, which no gradient reaches: `[B, 256] → [B]`. */
function distance(encoder: Value, decoder: Value): Value {
  return mean(abs(sub(stopGradient(encoder), decoder)), [1]);
}
