import { relu } from 'onnx-autodiff';
import { dropout } from '../dropout.js';
import { bilinearFusion, bilinearFusionParameters } from './bilinear-fusion.js';
import { gatedAttentionParameters, gatedAttentionPool } from './gated-attention.js';
import { allGenes, applyLinear, atRate, geneCount, linearLayer } from './layers.js';
import type { Peer } from './peer.js';
import { selfNormalising, selfNormalisingParameters } from './self-normalising.js';

const PATCH_WIDTH = 512;
const WIDTH = 256;
/** Of each modality in the Kronecker product, an eighth of its width. */
const INNER = 32;
const RATE = 0.25;

/**
 * Pathomic Fusion (Chen et al., "Pathomic Fusion: An Integrated Framework for Fusing Histopathology and Genomic Features for
 * Cancer Diagnosis and Prognosis", IEEE Transactions on Medical Imaging 2020) for whole slides.
 *
 * The paper reads one region of a slide with a convolutional network. For bags of patches, this is the form in which its
 * authors compare MCAT with it (Chen et al., ICCV 2021; github.com/mahmoodlab/MCAT, `amil` with `--fusion bilinear`) and on
 * which they build PORPOISE (Chen et al., Cancer Cell 2022): the histology vector from gated attention pooling, a
 * self-normalising network on the genes, gated Kronecker fusion of the two. Widths, dropout and starting values are from there.
 * Where the code of the paper itself differs: vectors of 32, a gene network of 64, 48, 32 and 32 units, gates bilinear in both
 * vectors where here a layer reads them side by side, a product brought to 64 units; the gene network is trained beforehand,
 * with an L1 penalty.
 */
export const pathomic: Peer = {
  reads: ['bag', 'genes'],
  parameters: (size) => ({
    ...linearLayer('patches', size.patchWidth, PATCH_WIDTH),
    ...gatedAttentionParameters('pool', PATCH_WIDTH, WIDTH),
    ...linearLayer('vector', PATCH_WIDTH, WIDTH),
    ...selfNormalisingParameters('genes', [geneCount(size), WIDTH, WIDTH], linearLayer),
    ...bilinearFusionParameters('fusion', WIDTH, INNER),
    ...linearLayer('head', WIDTH, size.classes),
  }),
  network(inputs, p, options) {
    const at = atRate(options, RATE);
    const patches = dropout(relu(applyLinear(inputs.X, p, 'patches')), 'patches', at); // [B, N, 512]
    const pooled = gatedAttentionPool(patches, p, 'pool', at); // [B, 512]
    const histology = dropout(relu(applyLinear(pooled, p, 'vector')), 'vector', at); // [B, 256]
    const expression = selfNormalising(allGenes(inputs), p, 'genes', 2, at); // [B, 256]
    return { logits: applyLinear(bilinearFusion(histology, expression, p, 'fusion', at), p, 'head') };
  },
};
