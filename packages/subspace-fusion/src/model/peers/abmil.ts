import { relu } from 'onnx-autodiff';
import { atRate, dropout, within } from '../dropout.js';
import { linear, linearLayer } from '../layers.js';
import { gatedAttentionLayers, gatedAttentionPool } from './layers.js';
import { peer } from './peer.js';

const WIDTH = 512;
const HIDDEN = 256;
const RATE = 0.25;

/**
 * Attention-based multiple-instance learning (Ilse, Tomczak and Welling, ICML 2018), with gated attention, as the attention
 * MIL that MCAT is compared with (Chen et al., ICCV 2021; its public code's small size, after CLAM's, Lu et al. 2021):
 * each patch Linear → 512, ReLU; gated attention with 256 hidden units; the slide Linear → 256, ReLU; Linear → classes.
 * Dropout 0.25 after both ReLUs and on both factors of the gate. Everything starts as PyTorch starts it.
 */
export const abmil = peer({
  reads: ['bag'],

  layers: ({ patchWidth, classes }) => ({
    patches: linearLayer(patchWidth, WIDTH),
    attention: gatedAttentionLayers(WIDTH, HIDDEN),
    slide: linearLayer(WIDTH, HIDDEN),
    head: linearLayer(HIDDEN, classes),
  }),

  network({ X }, p, options) {
    const drop = atRate(options, RATE);
    const h = dropout(relu(linear(X, p.patches)), 'patches', drop); // [B, N, 512]
    const pooled = gatedAttentionPool(h, p.attention, within(options, 'attention')); // [B, 512]
    const slide = dropout(relu(linear(pooled, p.slide)), 'slide', drop); // [B, 256]
    return { logits: linear(slide, p.head) };
  },
});
