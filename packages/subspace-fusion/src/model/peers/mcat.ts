import { concat, relu, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import { gatedAttentionParameters, gatedAttentionPool } from './gated-attention.js';
import { geneGroupParameters, geneGroupTokens } from './gene-groups.js';
import { applyLinear, atRate, linearLayer, type Weights } from './layers.js';
import { multiHeadAttention, multiHeadAttentionParameters } from './multi-head-attention.js';
import type { Peer } from './peer.js';
import { transformerLayer, transformerLayerParameters } from './transformer.js';

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
