import { input, logSoftmax, mul, neg, sum, type Value } from 'onnx-autodiff';

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
