import { elu, linear, relu, type Value } from 'onnx-autodiff';
import { alphaDropout, type Dropout } from './dropout.js';
import { GENE_WIDTHS } from './widths.js';

/** Gene code `v [B, 128]` of expression `[B, genes]`: four blocks Linear → ELU → AlphaDropout, then ReLU. docs/method.md section 2. */
export function encodeGenes(genes: Value, p: Readonly<Record<string, Value>>, dropout?: Dropout): Value {
  let x = genes;
  for (let i = 0; i < GENE_WIDTHS.length; i++) {
    x = alphaDropout(elu(linear(x, p[`genes.${i}.weight`], p[`genes.${i}.bias`])), `genes.${i}`, dropout);
  }
  return relu(x);
}
