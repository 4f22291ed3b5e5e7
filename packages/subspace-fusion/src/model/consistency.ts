import {
  div,
  greater,
  matmul,
  mean,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  where,
  type Value,
} from 'onnx-autodiff';
import { GROUPS } from './parts.js';
import { baseGrid } from './sampling.js';

/**
 * `corrected` groups key positions by offset group; `reference` cuts the batch-major list in 8 as the published code does.
 * `offsets`, a control, is `corrected` with the base grid taken off: that grid is the same for all samples and long beside their
 * offsets, so that key positions are alike whatever the network does.
 */
export type ConsistencyForm = 'corrected' | 'reference' | 'offsets';

/** Rows of the Gram matrix `x·xᵀ` scaled to length 1: `[G, B, D] → [G, B, B]`. A row of zeros stays zero. */
function similarityRows(x: Value): Value {
  const gram = matmul(x, transpose(x, [0, 2, 1]));
  const squared = sum(square(gram), [2], true);
  const some = greater(squared, 0);
  return mul(div(gram, sqrt(where(some, squared, 1))), where(some, 1, 0));
}

/**
 * Gene-guided consistency of one subspace, docs/method.md section 3: samples alike in genes should look at alike places.
 * Gene codes `v [B, 128]` and key positions `vgrid [B·8, 2, k, k]` of a whole batch → Σ(A − Ā)²/B.
 */
export function consistency(v: Value, vgrid: Value, form: ConsistencyForm): Value {
  const B = v.shape[0];
  const places = form === 'offsets' ? sub(vgrid, baseGrid(vgrid.shape[3])) : vgrid;
  const positions =
    form === 'reference' ? reshape(places, [GROUPS, B, -1]) : transpose(reshape(places, [B, GROUPS, -1]), [1, 0, 2]);
  const A = similarityRows(reshape(v, [1, B, -1])); // [1, B, B]
  const meanA = mean(similarityRows(positions), [0], true); // Ā [1, B, B]
  return div(sum(square(sub(A, meanA))), B);
}
