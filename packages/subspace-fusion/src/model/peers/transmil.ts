import { concat, expand, relu, reshape, slice } from 'onnx-autodiff';
import { within } from '../dropout.js';
import { linear, linearLayer, normalise, normLayer, type ParameterSpec } from '../layers.js';
import { nystromLayer, nystromLayers, ppeg, ppegLayers } from './nystrom.js';
import { peer } from './peer.js';

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
