import { relu } from 'onnx-autodiff';
import { dropout } from '../dropout.js';
import { applyLinear, atRate, gatedAttentionParameters, gatedAttentionPool, linearLayer, type Peer } from './layers.js';

const WIDTH = 512;
const HIDDEN = 256;
const RATE = 0.25;

/**
 * Attention-based multiple-instance learning (Ilse, Tomczak and Welling, ICML 2018), with gated attention, as the attention
 * MIL that MCAT is compared with (Chen et al., ICCV 2021; its public code's small size, after CLAM's, Lu et al. 2021):
 * each patch Linear → 512, ReLU; gated attention with 256 hidden units; the slide Linear → 256, ReLU; Linear → classes.
 * Dropout 0.25 after both ReLUs and on both factors of the gate. Everything starts as PyTorch starts it.
 */
export const abmil: Peer = {
  reads: ['bag'],

  parameters: ({ patchWidth, classes }) => ({
    ...linearLayer('patches', patchWidth, WIDTH),
    ...gatedAttentionParameters('attention', WIDTH, HIDDEN),
    ...linearLayer('slide', WIDTH, HIDDEN),
    ...linearLayer('head', HIDDEN, classes),
  }),

  network({ X }, p, options) {
    const drop = atRate(options, RATE);
    const h = dropout(relu(applyLinear(X, p, 'patches')), 'patches', drop); // [B, N, 512]
    const pooled = gatedAttentionPool(h, p, 'attention', options); // [B, 512]
    const slide = dropout(relu(applyLinear(pooled, p, 'slide')), 'slide', drop); // [B, 256]
    return { logits: applyLinear(slide, p, 'head') };
  },
};
