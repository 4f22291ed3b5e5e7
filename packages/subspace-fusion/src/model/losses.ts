import {
  add,
  concat,
  constant,
  div,
  greater,
  input,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  sigmoid,
  slice,
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
 * Weighted cross entropy `−Σ_b t_b · log softmax(logits_b)`, docs/method.md section 3.
 * `target [B, C]` holds, at each sample's class y, its class weight over the sum of the batch's (`crossEntropyTarget`).
 */
export function crossEntropy(logits: Value): { loss: Value; target: Value } {
  const target = input('target', logits.shape);
  return { loss: neg(sum(mul(target, logSoftmax(logits)))), target };
}

/** Rows of the target of a whole batch, `[B, C]`: w_y / Σ_b w_y at the class of each sample, 0 elsewhere. */
export function crossEntropyTarget(labels: readonly number[], weights: ArrayLike<number>): Float32Array {
  const C = weights.length;
  const total = labels.reduce((t, y) => t + weights[y], 0);
  const target = new Float32Array(labels.length * C);
  labels.forEach((y, b) => {
    target[b * C + y] = weights[y] / total;
  });
  return target;
}

/** Below this, probabilities inside the logarithms are cut off. */
const EPSILON = 1e-7;

/** λ = sigmoid(logits), `[B, C]`. */
export function hazards(logits: Value): Value {
  return sigmoid(logits);
}

/** S_j = Π_{i≤j}(1 − λ_i), with S_{−1} = 1 in front: `[B, C] → [B, C + 1]`. */
export function survivalFunction(lambda: Value): Value {
  const [B, C] = lambda.shape as [number, number];
  const curve = [constant(new Float32Array(B).fill(1), [B, 1])];
  for (let j = 0; j < C; j++) curve.push(mul(curve[j], sub(1, slice(lambda, 1, j, j + 1))));
  return concat(curve, 1);
}

/**
 * Discrete-time negative log likelihood, docs/method.md section 3, of hazards `[B, C]`.
 * The samples' bins and censoring come in as three masks (`survivalTargets`), which hold each sample's share of the mean.
 */
export function survivalLikelihood(lambda: Value): Value {
  const [B, C] = lambda.shape as [number, number];
  const S = survivalFunction(lambda);
  const logOf = (p: Value) => log(maximum(p, EPSILON));
  const before = mul(input('survivedBefore', [B, C]), logOf(slice(S, 1, 0, C))); // log S_{y−1} at y
  const event = mul(input('event', [B, C]), logOf(lambda)); // log λ_y at y
  const beyond = mul(input('survivedBeyond', [B, C]), logOf(slice(S, 1, 1, C + 1))); // log S_y at y
  return neg(sum(add(add(before, event), beyond)));
}

/** One sample's outcome: the bin y of its time, and whether the event was not seen. */
export interface SurvivalLabel {
  readonly bin: number;
  readonly censored: boolean;
  /**
   * The part of its bin that a censored sample was seen in, 0 … 1: it counts as (1 − λ_y)^seen. 1 by default, the paper's rule,
   * which credits it with the whole bin and so makes survival look better than it is.
   */
  readonly seen?: number;
}

/**
 * Masks `[B, C]` of a whole batch for `survivalLikelihood`.
 * loss = mean((1 − α)(censored + uncensored) + α·uncensored): an event counts 1/B, a censored sample (1 − α)/B.
 */
export function survivalTargets(
  labels: readonly SurvivalLabel[],
  C: number,
  alpha = 0,
): Record<'survivedBefore' | 'event' | 'survivedBeyond', Float32Array> {
  const B = labels.length;
  const masks = {
    survivedBefore: new Float32Array(B * C),
    event: new Float32Array(B * C),
    survivedBeyond: new Float32Array(B * C),
  };
  labels.forEach(({ bin, censored, seen = 1 }, b) => {
    const y = b * C + bin;
    if (censored) {
      // log S_{y−1}·(1 − λ_y)^seen = (1 − seen)·log S_{y−1} + seen·log S_y
      masks.survivedBefore[y] = ((1 - alpha) * (1 - seen)) / B;
      masks.survivedBeyond[y] = ((1 - alpha) * seen) / B;
    } else {
      masks.survivedBefore[y] = 1 / B;
      masks.event[y] = 1 / B;
    }
  });
  return masks;
}

/** Risk `−Σ_j S_j` of each row of hazards `[B, C]`. */
export function riskOf(lambda: ArrayLike<number>, C: number): Float64Array {
  return Float64Array.from({ length: lambda.length / C }, (_, b) => {
    let S = 1;
    let total = 0;
    for (let j = 0; j < C; j++) total += S *= 1 - lambda[b * C + j];
    return -total;
  });
}

/** Weighted cross entropy of probabilities `[n, C]`: the task loss of predictions that are there already. */
export function classLossOf(
  probabilities: ArrayLike<number>,
  labels: readonly number[],
  weights: readonly number[],
): number {
  const target = crossEntropyTarget(labels, weights);
  return -target.reduce(
    (total, t, i) => (t === 0 ? total : total + t * Math.log(Math.max(probabilities[i], EPSILON))),
    0,
  );
}

/** Survival likelihood of hazards `[n, C]`, as `survivalLikelihood` in the graph. */
export function survivalLossOf(lambda: ArrayLike<number>, labels: readonly SurvivalLabel[], C: number): number {
  const { survivedBefore, event, survivedBeyond } = survivalTargets(labels, C);
  const logOf = (p: number) => Math.log(Math.max(p, EPSILON));
  let total = 0;
  for (let b = 0; b < labels.length; b++) {
    let S = 1; // S_{j−1}, then S_j
    for (let j = 0; j < C; j++) {
      const i = b * C + j;
      total += survivedBefore[i] * logOf(S) + event[i] * logOf(lambda[i]);
      S *= 1 - lambda[i];
      total += survivedBeyond[i] * logOf(S);
    }
  }
  return -total;
}

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
