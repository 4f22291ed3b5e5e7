import { allGenes, applyLinear, geneCount, normalLayer } from './layers.js';
import type { Peer } from './peer.js';
import { selfNormalising, selfNormalisingParameters } from './self-normalising.js';

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
