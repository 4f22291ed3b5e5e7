import { concat, mean, relu } from 'onnx-autodiff';
import { dropout } from '../dropout.js';
import {
  allGenes,
  applyLinear,
  atRate,
  geneCount,
  linearLayer,
  normalLayer,
  selfNormalising,
  selfNormalisingParameters,
  type Peer,
} from './layers.js';

const WIDTHS = [256, 256, 256, 256] as const;

/**
 * A self-normalising network on the genes (Klambauer et al., NeurIPS 2017), as MCAT is compared with (Chen et al., ICCV 2021;
 * its public code's small size): four blocks of 256 units with AlphaDropout 0.25, Linear → classes. It reads the genes of both
 * subspaces as one vector. All weights start from N(0, 1/fan_in), all biases from 0.
 */
export const snn: Peer = {
  reads: ['genes'],

  parameters: (size) => ({
    ...selfNormalisingParameters('genes', [geneCount(size), ...WIDTHS], normalLayer),
    ...normalLayer('head', WIDTHS[3], size.classes),
  }),

  network(inputs, p, options) {
    const code = selfNormalising(allGenes(inputs), p, 'genes', WIDTHS.length, options); // [B, 256]
    return { logits: applyLinear(code, p, 'head') };
  },
};

const PATCH_WIDTH = 512;
const WIDTH = 256;
const RATE = 0.25;

/**
 * Mean-pooled histology and a self-normalising network on the genes, fused by concatenation: the Deep Sets (Zaheer et al.,
 * NeurIPS 2017) with late fusion that MCAT is compared with (Chen et al., ICCV 2021; its public code). Each patch
 * Linear → 512, ReLU; mean over the patches; Linear → 256, ReLU; genes through two self-normalising blocks of 256; both side
 * by side through Linear → 256, ReLU, twice; Linear → classes. Dropout 0.25 after the first two ReLUs, AlphaDropout 0.25 in
 * the blocks. Everything starts as PyTorch starts it, the blocks too.
 *
 * The public code sums over the patches where we take the mean: a sum over a bag of fixed size is N times the mean.
 */
export const meanSnn: Peer = {
  reads: ['bag', 'genes'],

  parameters: (size) => ({
    ...linearLayer('patches', size.patchWidth, PATCH_WIDTH),
    ...linearLayer('slide', PATCH_WIDTH, WIDTH),
    ...selfNormalisingParameters('genes', [geneCount(size), WIDTH, WIDTH], linearLayer),
    ...linearLayer('fusion.0', 2 * WIDTH, WIDTH),
    ...linearLayer('fusion.1', WIDTH, WIDTH),
    ...linearLayer('head', WIDTH, size.classes),
  }),

  network(inputs, p, options) {
    const drop = atRate(options, RATE);
    const patches = dropout(relu(applyLinear(inputs.X, p, 'patches')), 'patches', drop); // [B, N, 512]
    const slide = dropout(relu(applyLinear(mean(patches, [1]), p, 'slide')), 'slide', drop); // [B, 256]
    const code = selfNormalising(allGenes(inputs), p, 'genes', 2, options); // [B, 256]
    const fused = relu(applyLinear(concat([slide, code], 1), p, 'fusion.0'));
    return { logits: applyLinear(relu(applyLinear(fused, p, 'fusion.1')), p, 'head') };
  },
};
