import { required } from '../files/errors.js';
import type { Parameters } from '../model/layers.js';
import { rulesOf, type BatchLabels } from '../model/outcomes.js';
import { WIDTH } from '../model/parts.js';

/** `corrected` projects the weaker half once; `reference` mirrors it, as the published code does. */
export type CoordinationForm = 'corrected' | 'reference';

/** How sure each subspace is of a batch; null where that cannot be said. */
export interface SubspaceConfidence {
  readonly tumour: number | null;
  readonly microenvironment: number | null;
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

/** g ← g − t·(g·g'/‖g'‖²)·g', in place; t = 1 projects g on the normal plane of g'. */
function subtractProjection(g: Float32Array, other: Float32Array, times: number): void {
  const factor = (times * dot(g, other)) / dot(other, other);
  for (let i = 0; i < g.length; i++) g[i] = g[i] - factor * other[i];
}

/** The published form: mirrored at the normal plane, with the length of the projection. */
function reflect(g: Float32Array, other: Float32Array): void {
  const projected = Math.sqrt(Math.max(dot(g, g) - dot(g, other) ** 2 / dot(other, other), 0));
  subtractProjection(g, other, 2);
  const scale = projected / Math.sqrt(dot(g, g));
  for (let i = 0; i < g.length; i++) g[i] = g[i] * scale;
}

/** What coordination did to one batch. */
export interface Coordination {
  /** Rows whose halves point against each other and of which one half was changed. */
  readonly conflicts: number;
  /** Whose halves gave way; null where none did. */
  readonly yielded: 'tumour' | 'microenvironment' | null;
}

/**
 * Gradient coordination, docs/method.md section 4, in place on the gradient `[C, 256]` of the head's weight, tumour half first:
 * where the halves of a class row conflict (negative cosine), that of the less confident subspace gives way.
 * Nothing is done where the confidences are equal or one is unknown.
 */
export function coordinate(
  gradient: Float32Array,
  confidence: SubspaceConfidence,
  form: CoordinationForm,
): Coordination {
  const { tumour, microenvironment } = confidence;
  if (tumour === null || microenvironment === null || tumour === microenvironment)
    return { conflicts: 0, yielded: null };
  const change =
    form === 'corrected'
      ? (g: Float32Array, other: Float32Array) => {
          subtractProjection(g, other, 1);
        }
      : reflect;
  const tumourYields = tumour < microenvironment;
  let conflicts = 0;
  for (let row = 0; row < gradient.length; row += 2 * WIDTH) {
    const t = gradient.subarray(row, row + WIDTH);
    const m = gradient.subarray(row + WIDTH, row + 2 * WIDTH);
    if (dot(t, m) >= 0) continue;
    if (tumourYields) change(t, m);
    else change(m, t);
    conflicts++;
  }
  return { conflicts, yielded: conflicts === 0 ? null : tumourYields ? 'tumour' : 'microenvironment' };
}

/**
 * Logits of one subspace alone: `z_s·W_sᵀ + b/2`, `[B, C]`, with its half of the head. `half`: 0 tumour, 1 microenvironment.
 */
export function subspaceLogits(z: Float32Array, weight: Float32Array, bias: Float32Array, half: 0 | 1): Float32Array {
  const C = bias.length;
  const B = z.length / WIDTH;
  const logits = new Float32Array(B * C);
  for (let b = 0; b < B; b++) {
    const zb = z.subarray(b * WIDTH, (b + 1) * WIDTH);
    for (let c = 0; c < C; c++) {
      const start = c * 2 * WIDTH + half * WIDTH;
      logits[b * C + c] = dot(zb, weight.subarray(start, start + WIDTH)) + bias[c] / 2;
    }
  }
  return logits;
}

/** How sure each subspace is of a batch, from its features `z [B, 128]` and its half of the head. docs/method.md section 4. */
export function subspaceConfidences(
  z: { readonly tumour: Float32Array; readonly microenvironment: Float32Array },
  parameters: Parameters,
  labels: BatchLabels,
): SubspaceConfidence {
  const weight = required(parameters, 'head.weight');
  const bias = required(parameters, 'head.bias');
  const rules = rulesOf(labels);
  return {
    tumour: rules.confidence(subspaceLogits(z.tumour, weight, bias, 0)),
    microenvironment: rules.confidence(subspaceLogits(z.microenvironment, weight, bias, 1)),
  };
}
