import { expect, test } from 'vitest';
import { classificationMetrics } from '../metrics/classification.js';
import { byName, nameAllClasses } from './score.js';

test('what metrics say of classes by number, they say by name', () => {
  const probabilities = [0.7, 0.2, 0.1, 0.6, 0.3, 0.1]; // two patients, both predicted to be of the first class
  const metrics = byName(classificationMetrics(probabilities, [0, 1], 3));
  const named = nameAllClasses(metrics, ['G2', 'G3', 'G4']);
  expect(named['macroAuc']).toEqual({ value: null, reason: "class 'G4' has no patient" });
  expect(named['precision']).toMatchObject({ note: "0/0 for class 'G3', which counts as 0" });
  expect(named['accuracy']).toEqual(metrics['accuracy']);
});
