import { concordance } from '../metrics/concordance.js';
import { riskOf } from '../objective/index.js';
import type { Parameters } from '../model/parameters.js';
import type { PerBranch } from '../model/parts.js';
import type { BatchLabels } from './batch.js';
import { subspaceLogits, type Confidence } from './coordination.js';

/** How sure each subspace is of a batch, from its features `z [B, 128]` and its half of the head. docs/method.md section 4. */
export function confidences(
  z: Pick<PerBranch<Float32Array>, 'tumour' | 'microenvironment'>,
  parameters: Parameters,
  labels: BatchLabels,
): Confidence {
  const weight = parameters['head.weight'];
  const bias = parameters['head.bias'];
  const confidence = labels.kind === 'classes' ? trueClassMass : batchConcordance;
  return {
    tumour: confidence(subspaceLogits(z.tumour, weight, bias, 0), labels as never),
    microenvironment: confidence(subspaceLogits(z.microenvironment, weight, bias, 1), labels as never),
  };
}

/** Σ_b softmax(logits_b)[y_b] */
function trueClassMass(logits: Float32Array, { labels }: BatchLabels & { kind: 'classes' }): number {
  const C = logits.length / labels.length;
  return labels.reduce((total, y, b) => {
    const row = logits.subarray(b * C, (b + 1) * C);
    const top = Math.max(...row);
    const mass = row.reduce((t, x) => t + Math.exp(x - top), 0);
    return total + Math.exp(row[y] - top) / mass;
  }, 0);
}

/** Concordance index of the risks on the batch; null where no pair is comparable. */
function batchConcordance(logits: Float32Array, { labels }: BatchLabels & { kind: 'survival' }): number | null {
  const lambda = logits.map((x) => 1 / (1 + Math.exp(-x)));
  const risk = riskOf(lambda, logits.length / labels.length);
  return concordance(
    labels.map((l) => l.time),
    labels.map((l) => !l.censored),
    risk,
  ).index;
}
