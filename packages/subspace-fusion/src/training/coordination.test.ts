import { describe, expect, test } from 'vitest';
import { coordinate, subspaceConfidences, subspaceLogits } from './coordination.js';

const W = 128;
/** A row of the head's gradient: the first entries of each half, the rest 0. */
const row = (tumour: number[], microenvironment: number[]) => {
  const g = new Float32Array(2 * W);
  g.set(tumour);
  g.set(microenvironment, W);
  return g;
};
const rows = (...list: Float32Array[]) => Float32Array.from(list.flatMap((r) => [...r]));
const start = (g: Float32Array, r = 0) => [
  ...g.subarray(2 * W * r, 2 * W * r + 2),
  ...g.subarray(2 * W * r + W, 2 * W * r + W + 2),
];

describe('gradient coordination', () => {
  // (1, 0) and (−1, 1): their product is −1, the cosine −1/√2.
  const conflict = () => row([1, 0], [-1, 1]);

  test('the less confident half is projected on the normal plane of the other', () => {
    const g = conflict();
    expect(coordinate(g, { tumour: 1, microenvironment: 2 }, 'corrected')).toEqual({ conflicts: 1, yielded: 'tumour' });
    expect(start(g)).toEqual([0.5, 0.5, -1, 1]); // (1,0) − (−1/2)·(−1,1)
    const h = conflict();
    expect(coordinate(h, { tumour: 2, microenvironment: 1 }, 'corrected')).toEqual({
      conflicts: 1,
      yielded: 'microenvironment',
    });
    expect(start(h)).toEqual([1, 0, 0, 1]); // (−1,1) − (−1)·(1,0)
  });

  test('the published form mirrors the half and gives it the length of the projection', () => {
    const g = conflict();
    coordinate(g, { tumour: 1, microenvironment: 2 }, 'reference');
    // (1,0) − 2·(−1/2)·(−1,1) = (0,1), scaled to ‖(1/2,1/2)‖ = 1/√2
    start(g).forEach((x, i) => expect(x).toBeCloseTo([0, Math.SQRT1_2, -1, 1][i], 6));
  });

  test('rows that do not conflict stay, those that do are counted', () => {
    const g = rows(row([1, 2], [3, 4]), conflict(), row([1, 0], [0, 1]));
    const before = g.slice();
    expect(coordinate(g, { tumour: 1, microenvironment: 2 }, 'corrected')).toEqual({ conflicts: 1, yielded: 'tumour' });
    expect(g.subarray(0, 2 * W)).toEqual(before.subarray(0, 2 * W));
    expect(g.subarray(4 * W)).toEqual(before.subarray(4 * W)); // orthogonal is no conflict
    expect(start(g, 1)).toEqual([0.5, 0.5, -1, 1]);
  });

  test.each([
    ['equal', { tumour: 0.7, microenvironment: 0.7 }],
    ['unknown', { tumour: null, microenvironment: null }],
    ['both 0', { tumour: 0, microenvironment: 0 }],
    ['half known', { tumour: null, microenvironment: 0.5 }],
  ])('nothing is done where confidences are %s', (_what, confidence) => {
    for (const form of ['corrected', 'reference'] as const) {
      const g = conflict();
      expect(coordinate(g, confidence, form)).toEqual({ conflicts: 0, yielded: null });
      expect(g).toEqual(conflict());
    }
  });

  test('halves of zeros, and halves that point exactly against each other, give no NaN', () => {
    for (const form of ['corrected', 'reference'] as const) {
      for (const g of [row([0, 0], [0, 0]), row([0, 0], [1, 2]), row([1, 2], [0, 0])]) {
        const before = g.slice();
        expect(coordinate(g, { tumour: 1, microenvironment: 2 }, form).yielded).toBe(null);
        expect(g).toEqual(before);
      }
      const opposite = row([2, -4], [-1, 2]);
      coordinate(opposite, { tumour: 1, microenvironment: 2 }, form);
      start(opposite).forEach((x, i) => expect(x).toBeCloseTo([0, 0, -1, 2][i], 6)); // nothing is left of it
    }
  });
});

describe('confidence of a subspace', () => {
  // Two classes; the head reads the first feature of each half.
  const weight = rows(row([1], [0]), row([0], [2]));
  const bias = Float32Array.of(0.2, -0.2);
  const feature = (...first: number[]) =>
    Float32Array.from({ length: first.length * W }, (_, i) => (i % W === 0 ? first[i / W] : 0));
  const parameters = { 'head.weight': weight, 'head.bias': bias };

  test('its logits are z·Wᵀ + b/2 with its own half', () => {
    expect(Array.from(subspaceLogits(feature(3, -1), weight, bias, 0))).toEqual(
      [3.1, -0.1, -0.9, -0.1].map(Math.fround),
    );
    expect(Array.from(subspaceLogits(feature(3, -1), weight, bias, 1))).toEqual([0.1, 5.9, 0.1, -2.1].map(Math.fround));
  });

  test('classes: the probabilities of the true classes, summed', () => {
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const labels = { kind: 'classes', labels: [0, 1], weights: [1, 1] } as const;
    const { tumour, microenvironment } = subspaceConfidences(
      { tumour: feature(3, -1), microenvironment: feature(3, -1) },
      parameters,
      labels,
    );
    expect(tumour).toBeCloseTo(sigmoid(3.2) + sigmoid(0.8), 5);
    expect(microenvironment).toBeCloseTo(sigmoid(-5.8) + sigmoid(-2.2), 5);
  });

  test('survival: the C-index of its own risk, unknown without a comparable pair', () => {
    const label = (time: number, censored: boolean) => ({ bin: 0, time, censored });
    const z = { tumour: feature(2, 1, 0), microenvironment: feature(0, 1, 2) };
    const known = subspaceConfidences(z, parameters, {
      kind: 'survival',
      labels: [label(1, false), label(2, false), label(3, true)],
    });
    expect(known).toEqual({ tumour: 1, microenvironment: 0 }); // a higher first feature is a higher hazard
    const unknown = subspaceConfidences(z, parameters, {
      kind: 'survival',
      labels: [label(1, true), label(2, true), label(3, true)],
    });
    expect(unknown).toEqual({ tumour: null, microenvironment: null });
  });
});
