import { concat, constant, expand, matmul, mul, relu, reshape, sigmoid, type Value } from 'onnx-autodiff';
import { dropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import {
  allGenes,
  applyLinear,
  atRate,
  gatedAttentionParameters,
  gatedAttentionPool,
  geneCount,
  linearLayer,
  selfNormalising,
  selfNormalisingParameters,
  type Peer,
  type Weights,
} from './layers.js';

/** Parameters of the fusion of two vectors of `width`, each first brought to `inner`. */
export function bilinearFusionParameters(name: string, width: number, inner: number): ParameterSpecs {
  const side = (which: string): ParameterSpecs => ({
    ...linearLayer(`${name}.${which}.embed`, width, inner),
    ...linearLayer(`${name}.${which}.gate`, 2 * width, inner),
    ...linearLayer(`${name}.${which}.out`, inner, inner),
  });
  return {
    ...side('first'),
    ...side('second'),
    ...linearLayer(`${name}.0`, (inner + 1) * (inner + 1), width),
    ...linearLayer(`${name}.1`, width, width),
  };
}

/**
 * Gated bilinear fusion (Pathomic Fusion, Chen et al. 2020, as in the public code of MCAT, Chen et al. 2021): with `a`, `b` the two vectors,
 *
 *     hₐ = relu(Wₐ·a),  zₐ = sigmoid(W'ₐ·[a | b]),  oₐ = relu(W''ₐ·(zₐ ⊙ hₐ)),  and so for b;
 *     the Kronecker product [oₐ | 1] ⊗ [o_b | 1], then two layers with ReLU.
 *
 * Dropout acts on oₐ, o_b, on the product and after both layers.
 *
 * @param a `[B, width]`
 * @param b `[B, width]`
 * @returns `[B, width]`
 */
export function bilinearFusion(a: Value, b: Value, p: Weights, name: string, options?: Dropout): Value {
  const B = a.shape[0];
  const both = concat([a, b], 1);
  const gated = (x: Value, side: string) => {
    const h = relu(applyLinear(x, p, `${side}.embed`)); // [B, inner]
    const z = sigmoid(applyLinear(both, p, `${side}.gate`));
    return dropout(relu(applyLinear(mul(z, h), p, `${side}.out`)), `${side}.out`, options);
  };
  const one = expand(constant(1), [B, 1]);
  const first = concat([gated(a, `${name}.first`), one], 1); // [B, inner + 1]
  const second = concat([gated(b, `${name}.second`), one], 1);
  const n = first.shape[1];
  const product = reshape(matmul(reshape(first, [B, n, 1]), reshape(second, [B, 1, n])), [B, n * n]);
  let h = dropout(product, `${name}.product`, options);
  for (const layer of [`${name}.0`, `${name}.1`]) h = dropout(relu(applyLinear(h, p, layer)), layer, options);
  return h;
}

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
