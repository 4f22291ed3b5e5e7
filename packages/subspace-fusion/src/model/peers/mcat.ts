import { add, concat, relu, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import { norm, type ParameterSpecs } from '../parameters.js';
import {
  applyLinear,
  applyNorm,
  atRate,
  gatedAttentionParameters,
  gatedAttentionPool,
  geneGroupParameters,
  geneGroupTokens,
  linearLayer,
  multiHeadAttention,
  multiHeadAttentionParameters,
  type Peer,
  type Weights,
} from './layers.js';

/** Parameters of one layer, as PyTorch starts its `TransformerEncoderLayer`; `hidden` is the width of the feed-forward part. */
export function transformerLayerParameters(name: string, width: number, hidden: number): ParameterSpecs {
  return {
    ...multiHeadAttentionParameters(`${name}.self`, width),
    ...norm(`${name}.norm1`, width),
    ...linearLayer(`${name}.hidden`, width, hidden),
    ...linearLayer(`${name}.out`, hidden, width),
    ...norm(`${name}.norm2`, width),
  };
}

/**
 * One encoder layer of the transformer (Vaswani et al. 2017, sections 3.1 to 3.3), normalised after each residual, with ReLU:
 * `y = LN(x + attention(x))`, `LN(y + W₂·relu(W₁·y))`. Dropout acts on the attention, on what each residual adds, and on the
 * hidden units.
 *
 * @param x tokens `[B, T, width]`
 */
export function transformerLayer(x: Value, p: Weights, name: string, heads: number, options?: Dropout): Value {
  const read = multiHeadAttention(x, x, p, `${name}.self`, heads, options);
  const y = applyNorm(add(x, dropout(read, `${name}.read`, options)), p, `${name}.norm1`);
  const hidden = dropout(relu(applyLinear(y, p, `${name}.hidden`)), `${name}.hidden`, options);
  const out = dropout(applyLinear(hidden, p, `${name}.out`), `${name}.out`, options);
  return applyNorm(add(y, out), p, `${name}.norm2`);
}

const WIDTH = 256;
const HEADS = 8;
const FEED_FORWARD = 512;
const LAYERS = 2;
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
export const mcat: Peer = {
  reads: ['bag', 'genes'],
  parameters: ({ patchWidth, genes, classes }) =>
    mcatParameters(patchWidth, [genes.tumour, genes.microenvironment], classes),
  network: ({ X, genes }, p, options) => ({
    logits: mcatLogits(X, [genes.tumour, genes.microenvironment], p, options),
  }),
};

/** Parameters of MCAT for groups of so many genes. */
export function mcatParameters(patchWidth: number, groups: readonly number[], classes: number): ParameterSpecs {
  const modality = (name: string): ParameterSpecs => {
    const layers = Array.from({ length: LAYERS }, (_, i) =>
      transformerLayerParameters(`${name}.${i}`, WIDTH, FEED_FORWARD),
    );
    const pooling = gatedAttentionParameters(`${name}.pool`, WIDTH, WIDTH);
    return Object.assign({}, ...layers, pooling, linearLayer(`${name}.vector`, WIDTH, WIDTH)) as ParameterSpecs;
  };
  return {
    ...linearLayer('patches', patchWidth, WIDTH),
    ...geneGroupParameters(groups, [WIDTH, WIDTH], linearLayer),
    ...multiHeadAttentionParameters('coattention', WIDTH),
    ...modality('histology'),
    ...modality('expression'),
    ...linearLayer('fusion.0', 2 * WIDTH, WIDTH),
    ...linearLayer('fusion.1', WIDTH, WIDTH),
    ...linearLayer('head', WIDTH, classes),
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
function mcatLogits(X: Value, genes: readonly Value[], p: Weights, options?: Dropout): Value {
  const at = atRate(options, RATE);
  const patches = dropout(relu(applyLinear(X, p, 'patches')), 'patches', at); // [B, N, 256]
  const expression = geneGroupTokens(genes, p, at); // [B, G, 256]
  const histology = multiHeadAttention(expression, patches, p, 'coattention', 1); // [B, G, 256]
  const both = concat(
    [modalityVector(histology, p, 'histology', at), modalityVector(expression, p, 'expression', at)],
    1,
  ); // [B, 512]
  const fused = relu(applyLinear(relu(applyLinear(both, p, 'fusion.0')), p, 'fusion.1'));
  return applyLinear(fused, p, 'head');
}

/** Tokens of one modality `[B, G, 256] → [B, 256]`. */
function modalityVector(tokens: Value, p: Weights, name: string, options?: Dropout): Value {
  let h = tokens;
  for (let i = 0; i < LAYERS; i++) h = transformerLayer(h, p, `${name}.${i}`, HEADS, options);
  return dropout(
    relu(applyLinear(gatedAttentionPool(h, p, `${name}.pool`, options), p, `${name}.vector`)),
    `${name}.vector`,
    options,
  );
}
