import { concat, mean, relu } from 'onnx-autodiff';
import { atRate, dropout, within } from '../dropout.js';
import { linear, linearLayer, normalLayer } from '../layers.js';
import { allGenes, geneCount, peer, selfNormalising, selfNormalisingLayers } from './peer.js';

const WIDTHS = [256, 256, 256, 256] as const;

/**
 * A self-normalising network on the genes (Klambauer et al., NeurIPS 2017), as MCAT is compared with (Chen et al., ICCV 2021;
 * its public code's small size): four blocks of 256 units with AlphaDropout 0.25, Linear → classes. It reads the genes of both
 * subspaces as one vector. All weights start from N(0, 1/fan_in), all biases from 0.
 */
export const snn = peer({
  reads: ['genes'],

  layers: (size) => ({
    genes: selfNormalisingLayers([geneCount(size), ...WIDTHS], normalLayer),
    head: normalLayer(WIDTHS[3], size.classes),
  }),

  network(inputs, p, options) {
    const code = selfNormalising(allGenes(inputs), p.genes, within(options, 'genes')); // [B, 256]
    return { logits: linear(code, p.head) };
  },
});

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
export const meanSnn = peer({
  reads: ['bag', 'genes'],

  layers: (size) => ({
    patches: linearLayer(size.patchWidth, PATCH_WIDTH),
    slide: linearLayer(PATCH_WIDTH, WIDTH),
    genes: selfNormalisingLayers([geneCount(size), WIDTH, WIDTH], linearLayer),
    fusion: [linearLayer(2 * WIDTH, WIDTH), linearLayer(WIDTH, WIDTH)] as const,
    head: linearLayer(WIDTH, size.classes),
  }),

  network(inputs, p, options) {
    const drop = atRate(options, RATE);
    const patches = dropout(relu(linear(inputs.X, p.patches)), 'patches', drop); // [B, N, 512]
    const slide = dropout(relu(linear(mean(patches, [1]), p.slide)), 'slide', drop); // [B, 256]
    const code = selfNormalising(allGenes(inputs), p.genes, within(options, 'genes')); // [B, 256]
    const fused = relu(linear(concat([slide, code], 1), p.fusion[0]));
    return { logits: linear(relu(linear(fused, p.fusion[1])), p.head) };
  },
});
