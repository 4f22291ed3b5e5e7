import { concat, expand, relu, reshape, slice } from 'onnx-autodiff';
import { atRate, dropout, within } from '../dropout.js';
import { linear, linearLayer, normalise, normLayer, type ParameterSpec } from '../layers.js';
import { nystromLayer, nystromLayers, ppeg, ppegLayers } from './nystrom.js';
import { gatedAttentionLayers, gatedAttentionPool, peer } from './peer.js';

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

/**
 * TransMIL (Shao et al., NeurIPS 2021): each patch Linear → 512, ReLU; a class token before them; a layer of Nyström
 * attention, the pyramid position encoding, another layer; the class token through a layer normalisation and
 * Linear → classes. Dropout 0.1 on the output of each attention, as in its public code, and nowhere else. The class token
 * starts from N(0, 1), the rest as PyTorch starts it.
 *
 * The paper repeats tokens to fill a square; a bag is one already. What becomes of a bag with fewer tokens than the 256
 * landmarks stands in nystrom.ts.
 */
export const transmil = transmilOfWidth(512);

/** TransMIL with tokens of another width, a multiple of 16, and half as many landmarks. */
export function transmilOfWidth(width: number) {
  return peer({
    reads: ['bag'],
    microBatch: 1, // the landmarks' pseudo-inverses take as much memory for a small bag as for a large one

    layers: ({ patchWidth, classes }) => ({
      patches: linearLayer(patchWidth, width),
      classToken: { shape: [1, 1, width], start: { normal: 1 } } satisfies ParameterSpec,
      layer1: nystromLayers(width, linearLayer),
      ...ppegLayers(width),
      layer2: nystromLayers(width, linearLayer),
      norm: normLayer(width),
      head: linearLayer(width, classes),
    }),

    network({ X }, p, options) {
      const B = X.shape[0];
      const patches = relu(linear(X, p.patches)); // [B, N, 512]
      let h = concat([expand(p.classToken, [B, 1, width]), patches], 1); // [B, 1 + N, 512]
      h = nystromLayer(h, p.layer1, within(options, 'layer1'));
      h = ppeg(h, p);
      h = nystromLayer(h, p.layer2, within(options, 'layer2'));
      const slide = reshape(slice(h, 1, 0, 1), [B, width]);
      return { logits: linear(normalise(slide, p.norm), p.head) };
    },
  });
}
