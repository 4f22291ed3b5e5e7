import { concat, constant, expand, matmul, mul, relu, reshape, sigmoid, type Value } from 'onnx-autodiff';
import { atRate, dropout, within, type Dropout } from '../dropout.js';
import { linear, linearLayer, type Values } from '../layers.js';
import {
  allGenes,
  gatedAttentionLayers,
  gatedAttentionPool,
  geneCount,
  peer,
  selfNormalising,
  selfNormalisingLayers,
} from './peer.js';

/** The fusion of two vectors of `width`, each first brought to `inner`. */
function bilinearFusionLayers(width: number, inner: number) {
  const side = () => ({
    embed: linearLayer(width, inner),
    gate: linearLayer(2 * width, inner),
    out: linearLayer(inner, inner),
  });
  return {
    'fusion.first': side(),
    'fusion.second': side(),
    'fusion.0': linearLayer((inner + 1) * (inner + 1), width),
    'fusion.1': linearLayer(width, width),
  };
}

type BilinearFusionLayers = Values<ReturnType<typeof bilinearFusionLayers>>;

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
function bilinearFusion(a: Value, b: Value, p: BilinearFusionLayers, options?: Dropout): Value {
  const B = a.shape[0];
  const both = concat([a, b], 1);
  const gated = (x: Value, side: 'fusion.first' | 'fusion.second') => {
    const { embed, gate, out } = p[side];
    const h = relu(linear(x, embed)); // [B, inner]
    const z = sigmoid(linear(both, gate));
    return dropout(relu(linear(mul(z, h), out)), `${side}.out`, options);
  };
  const one = expand(constant(1), [B, 1]);
  const first = concat([gated(a, 'fusion.first'), one], 1); // [B, inner + 1]
  const second = concat([gated(b, 'fusion.second'), one], 1);
  const n = first.shape[1];
  const product = reshape(matmul(reshape(first, [B, n, 1]), reshape(second, [B, 1, n])), [B, n * n]);
  let h = dropout(product, 'fusion.product', options);
  for (const layer of ['fusion.0', 'fusion.1'] as const) h = dropout(relu(linear(h, p[layer])), layer, options);
  return h; // [B, width]
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
export const pathomic = peer({
  reads: ['bag', 'genes'],
  layers: (size) => ({
    patches: linearLayer(size.patchWidth, PATCH_WIDTH),
    pool: gatedAttentionLayers(PATCH_WIDTH, WIDTH),
    vector: linearLayer(PATCH_WIDTH, WIDTH),
    genes: selfNormalisingLayers([geneCount(size), WIDTH, WIDTH], linearLayer),
    ...bilinearFusionLayers(WIDTH, INNER),
    head: linearLayer(WIDTH, size.classes),
  }),
  network(inputs, p, options) {
    const at = atRate(options, RATE);
    const patches = dropout(relu(linear(inputs.X, p.patches)), 'patches', at); // [B, N, 512]
    const pooled = gatedAttentionPool(patches, p.pool, within(at, 'pool')); // [B, 512]
    const histology = dropout(relu(linear(pooled, p.vector)), 'vector', at); // [B, 256]
    const expression = selfNormalising(allGenes(inputs), p.genes, within(at, 'genes')); // [B, 256]
    return { logits: linear(bilinearFusion(histology, expression, p, at), p.head) };
  },
});
