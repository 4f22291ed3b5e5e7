import { describe, expect, test } from 'vitest';
import type { GeneVectors } from '../../inference/batch.js';
import { key, normal } from '../../random/counter.js';
import type { TrainingRange } from '../../runs/confidence.js';
import { unlikeWarnings } from './patient.js';
import {
  checkRange,
  featureDistance,
  geneDistance,
  learnFeatureRange,
  learnGeneRange,
  outsideOf,
} from './training-range.js';

const CLIP = 3;
/** z-scores of 12 tumour and 30 microenvironment genes, which share a patient's factor; `shift` deviations up, clipped as the model clips them. */
function genes(patient: number, shift = 0): GeneVectors {
  const z = (n: number, of: string) =>
    Float32Array.from({ length: n }, (_, g) => {
      const value = 0.6 * normal(key(7, 'factor', patient), 0) + 0.8 * normal(key(7, of, patient), g) + shift;
      return Math.max(-CLIP, Math.min(CLIP, value));
    });
  return { tumour: z(12, 'tumour'), microenvironment: z(30, 'microenvironment') };
}
const patch = (patient: number, scale = 1) =>
  Float64Array.from({ length: 64 }, (_, d) => scale * (d + (1 + d / 10) * normal(key(8, 'patch', patient), d)));

const training = Array.from({ length: 200 }, (_, i) => i);
const heldOut = Array.from({ length: 300 }, (_, i) => 1000 + i);
const range: TrainingRange = {
  genes: learnGeneRange(
    training.map((i) => genes(i)),
    CLIP,
  ),
  features: learnFeatureRange(training.map((i) => patch(i))),
};

describe('a patient unlike those of training', () => {
  test('genes five deviations up are out of range, features ten times as large too', () => {
    for (const i of heldOut.slice(0, 20)) {
      expect(outsideOf(checkRange(range, genes(i, 5), patch(i)))).toContain('genes');
      expect(outsideOf(checkRange(range, genes(i), patch(i, 10)))).toContain('features');
    }
    const [warning] = unlikeWarnings(checkRange(range, genes(1000, 5), undefined));
    expect(warning).toMatch(
      /^the patient's genes are unlike those of the training patients: distance \d\.\d\d, and 99 % .* at the bound of the scale .* Do not trust this prediction$/,
    );
  });

  test('few ordinary patients are', () => {
    const flagged = heldOut.map((i) => outsideOf(checkRange(range, genes(i), patch(i))));
    for (const kind of ['genes', 'features'] as const)
      expect(flagged.filter((kinds) => kinds.includes(kind)).length / heldOut.length).toBeLessThan(0.06);
    expect(unlikeWarnings(checkRange(range, genes(1001), patch(1001)))).toEqual([]);
  });

  test('what was not measured, or never learned, is not judged', () => {
    expect(Object.keys(checkRange(range, undefined, patch(1)))).toEqual(['features']);
    expect(checkRange({}, genes(1), patch(1))).toEqual({});
  });
});

test('distances are root mean squares: of z-scores, and of deviations from the mean patch, without features that are constant in training', () => {
  expect(geneDistance({ tumour: Float32Array.of(3, 0), microenvironment: Float32Array.of(-4, 0) }, 3)).toEqual({
    distance: 2.5,
    clipped: 0.5,
  });
  const moments = { mean: [1, 3, 7], deviation: [1, 2, 0] };
  expect(featureDistance([4, 11, 100], moments)).toBeCloseTo(Math.sqrt((9 + 16) / 2), 12);
  expect(featureDistance([1e9, 3, 7], moments)).toBeCloseTo(Math.sqrt(100 / 2), 12);
});

test('a training patient is measured by the mean and deviation of the others', () => {
  // Without the 4, the others' mean is 1 and their deviation 1; so it is for the 0, and the 2 is their mean.
  expect(learnFeatureRange([0, 2, 4].map((x) => Float64Array.of(x, 7))).distance).toBeCloseTo(3, 12);
});

test('with 30 training patients, ordinary ones are still mostly within', () => {
  const few = training.slice(0, 30);
  const small = {
    genes: learnGeneRange(
      few.map((i) => genes(i)),
      CLIP,
    ),
    features: learnFeatureRange(few.map((i) => patch(i))),
  };
  const flagged = heldOut.map((i) => outsideOf(checkRange(small, genes(i), patch(i))));
  for (const kind of ['genes', 'features'] as const)
    expect(flagged.filter((kinds) => kinds.includes(kind)).length / heldOut.length).toBeLessThan(0.12);
});
