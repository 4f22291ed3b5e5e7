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
import { dropout, type Dropout } from '../dropout.js';
import { norm, type ParameterSpecs } from '../parameters.js';
import {
  applyLinear,
  applyNorm,
  atRate,
  geneGroupParameters,
  geneGroupTokens,
  linearLayer,
  multiHeadAttention,
  multiHeadAttentionParameters,
  type Modality,
  type Peer,
  type PeerOutputs,
  type Weights,
} from './layers.js';
import { nystromLayer, nystromLayerParameters, ppeg, ppegParameters } from './nystrom.js';

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
export const cmta: Peer = cmtaOfWidth(WIDTH);

/** CMTA with tokens of another width, a multiple of 16, and all else in proportion. */
export function cmtaOfWidth(width: number): Peer {
  return {
    reads: ['bag', 'genes'],
    microBatch: 1, // as of TransMIL, whose attention it has
    parameters: ({ patchWidth, genes, classes }) =>
      cmtaParameters(patchWidth, [genes.tumour, genes.microenvironment], classes, width),
    network: ({ X, genes }, p, options) => cmtaNetwork(X, [genes.tumour, genes.microenvironment], p, options),
  };
}

/** Parameters of CMTA for groups of so many genes. */
export function cmtaParameters(
  patchWidth: number,
  groups: readonly number[],
  classes: number,
  width = WIDTH,
): ParameterSpecs {
  const xavierLayer = (name: string, from: number, to: number) => xavier(linearLayer(name, from, to));
  const transformer = (name: string): ParameterSpecs => ({
    [`${name}.classToken`]: { shape: [1, 1, width], start: { normal: 1e-6 } },
    ...xavier(nystromLayerParameters(`${name}.layer1`, width)),
    ...xavier(nystromLayerParameters(`${name}.layer2`, width)),
    ...norm(`${name}.norm`, width),
  });
  const bagTransformer = (name: string) => ({ ...transformer(name), ...ppegParameters(`${name}.position`, width) });
  const translation = (name: string) => ({
    ...multiHeadAttentionParameters(name, width),
    ...xavierLayer(`${name}.out`, width, width),
  });
  return {
    ...xavierLayer('patches.0', patchWidth, width),
    ...xavierLayer('patches.1', width, width),
    ...geneGroupParameters(groups, [4 * width, width], xavierLayer),
    ...bagTransformer('histology.encoder'),
    ...bagTransformer('histology.decoder'),
    ...transformer('expression.encoder'),
    ...transformer('expression.decoder'),
    ...translation('histology.translation'),
    ...translation('expression.translation'),
    ...xavierLayer('fusion.0', 2 * width, width),
    ...xavierLayer('fusion.1', width, width),
    ...xavierLayer('head', width, classes),
  };
}

/** The same parameters with linear layers as CMTA starts them: weights Xavier normal, biases 0. All others stay as they are. */
function xavier(specs: ParameterSpecs): ParameterSpecs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const { shape } = spec;
      if (name.endsWith('.bias')) return [name, { shape, start: 'zeros' }];
      return [name, shape.length === 2 ? { shape, start: { normal: Math.sqrt(2 / (shape[0] + shape[1])) } } : spec];
    }),
  );
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
function cmtaNetwork(X: Value, genes: readonly Value[], p: Weights, options?: Dropout): PeerOutputs {
  const at = atRate(options, RATE);
  const patches = encodePatches(X, p, at); // [B, N, 256]
  const groups = geneGroupTokens(genes, p, at); // [B, G, 256]
  const P = transform(patches, 'bag', p, 'histology.encoder', at);
  const G = transform(groups, 'genes', p, 'expression.encoder', at);
  const histology = multiHeadAttention(P.tokens, G.tokens, p, 'histology.translation', 1); // [B, N, 256]
  const expression = multiHeadAttention(G.tokens, P.tokens, p, 'expression.translation', 1); // [B, G, 256]
  const P_hat = transform(histology, 'bag', p, 'histology.decoder', at).summary;
  const G_hat = transform(expression, 'genes', p, 'expression.decoder', at).summary;
  const both = concat([average(P.summary, P_hat), average(G.summary, G_hat)], 1); // [B, 512]
  const fused = relu(applyLinear(relu(applyLinear(both, p, 'fusion.0')), p, 'fusion.1'));
  return {
    logits: applyLinear(fused, p, 'head'),
    auxiliary: mul(add(distance(P.summary, P_hat), distance(G.summary, G_hat)), ALIGNMENT),
  };
}

/** `[B, N, patchWidth] → [B, N, 256]` */
function encodePatches(X: Value, p: Weights, options?: Dropout): Value {
  let h = X;
  for (const layer of ['patches.0', 'patches.1']) h = dropout(relu(applyLinear(h, p, layer)), layer, options);
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
function transform(x: Value, modality: Modality, p: Weights, name: string, options?: Dropout): Transformed {
  const [B, T, width] = x.shape as [number, number, number];
  let h = concat([expand(p[`${name}.classToken`], [B, 1, width]), x], 1);
  h = nystromLayer(h, p, `${name}.layer1`, options);
  if (modality === 'bag') h = ppeg(h, p, `${name}.position`);
  h = applyNorm(nystromLayer(h, p, `${name}.layer2`, options), p, `${name}.norm`);
  return { summary: reshape(slice(h, 1, 0, 1), [B, width]), tokens: slice(h, 1, 1, 1 + T) };
}

function average(a: Value, b: Value): Value {
  return div(add(a, b), 2);
}

/** Mean absolute difference of the decoder's class token from the encoder's, which no gradient reaches: `[B, 256] → [B]`. */
function distance(encoder: Value, decoder: Value): Value {
  return mean(abs(sub(stopGradient(encoder), decoder)), [1]);
}
