import { expect, test } from 'vitest';
import { confidenceFile } from './confidence.js';
import { resultFile } from './result.js';

/** A metric as it was written before its interval said how it was made. */
const metric = {
  value: 0.989,
  estimator: 'mean over 3 classes, one versus rest',
  ties: 'none',
  n: 90,
  low: 0.913,
  high: 1,
  resamples: 1000,
  refusedResamples: 3,
};

test('results of before open: with a mean sensitivity, and without what came later', () => {
  const result = resultFile.parse({
    task: 'survival',
    split: 'test',
    patients: 90,
    metrics: { balancedAccuracy: metric, sensitivity: metric },
    baselines: { ridgeCox: { concordanceIndex: metric } },
    selection: { epoch: 3, metric: 'concordanceIndex', value: 0.7 },
    riskGroups: { cut: 0, low: 45, high: 45, logRank: { logRankP: metric } },
    patientsWithSeveralSlides: 0,
  });
  expect(result.metrics['sensitivity']).toEqual(metric);
  expect(result.difference).toBeUndefined();
});

test('so does a confidence of before, whose temperature has no interval', () => {
  const temperature = { name: 'temperature', value: 1.2, estimator: 'maximum likelihood', ties: 'none', n: 24 };
  const { classes, survival } = confidenceFile.parse({
    format: 1,
    checkpoint: 'a'.repeat(64),
    range: {},
    classes: { classes: ['a', 'b'], patients: 24, temperature, operatingPoints: [] },
    survival: {
      on: 'validation',
      patients: 24,
      horizons: [{ years: 1, error: { ...metric, name: 'survivalCalibrationError' }, groups: [] }],
    },
  });
  expect(classes?.temperature).toEqual(temperature);
  expect(survival?.horizons[0].slope).toBeUndefined();
});
