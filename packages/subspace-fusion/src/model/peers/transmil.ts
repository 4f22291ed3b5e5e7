import { concat, expand, relu, reshape, slice } from 'onnx-autodiff';
import { norm } from '../parameters.js';
import { applyLinear, applyNorm, linearLayer, type Peer } from './layers.js';
import { nystromLayer, nystromLayerParameters, ppeg, ppegParameters } from './nystrom.js';

/**
 * TransMIL (Shao et al., NeurIPS 2021): each patch Linear → 512, ReLU; a class token before them; a layer of Nyström
 * attention, the pyramid position encoding, another layer; the class token through a layer normalisation and
 * Linear → classes. Dropout 0.1 on the output of each attention, as in its public code, and nowhere else. The class token
 * starts from N(0, 1), the rest as PyTorch starts it.
 *
 * The paper repeats tokens to fill a square; a bag is one already. What becomes of a bag with fewer tokens than the 256
 * landmarks stands in nystrom-attention.ts.
 */
export const transmil: Peer = transmilOfWidth(512);

/** TransMIL with tokens of another width, a multiple of 16, and half as many landmarks. */
export function transmilOfWidth(width: number): Peer {
  return {
    reads: ['bag'],
    microBatch: 1, // the landmarks' pseudo-inverses take as much memory for a small bag as for a large one

    parameters: ({ patchWidth, classes }) => ({
      ...linearLayer('patches', patchWidth, width),
      classToken: { shape: [1, 1, width], start: { normal: 1 } },
      ...nystromLayerParameters('layer1', width),
      ...ppegParameters('position', width),
      ...nystromLayerParameters('layer2', width),
      ...norm('norm', width),
      ...linearLayer('head', width, classes),
    }),

    network({ X }, p, options) {
      const B = X.shape[0];
      const patches = relu(applyLinear(X, p, 'patches')); // [B, N, 512]
      let h = concat([expand(p['classToken'], [B, 1, width]), patches], 1); // [B, 1 + N, 512]
      h = nystromLayer(h, p, 'layer1', options);
      h = ppeg(h, p, 'position');
      h = nystromLayer(h, p, 'layer2', options);
      const slide = reshape(slice(h, 1, 0, 1), [B, width]);
      return { logits: applyLinear(applyNorm(slide, p, 'norm'), p, 'head') };
    },
  };
}
