import { afterEach, expect, test, vi } from 'vitest';
import type { Result } from '../runs/result.js';
import { printEvaluation } from './evaluate.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('says whether the epoch was chosen, or is the last one for want of a choice', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const firstLine = (value: number | null) => {
    const result: Result = {
      task: 'survival',
      split: 'test',
      patients: 12,
      metrics: {},
      baselines: {},
      patientsWithSeveralSlides: 0,
      selection: { epoch: 3, metric: 'concordanceIndex', value },
    };
    log.mockClear();
    printEvaluation(result, false);
    return log.mock.calls[0][0] as string;
  };
  expect(firstLine(0.7)).toBe('survival, 12 test patients (weights of epoch 3, chosen on validation patients)');
  expect(firstLine(null)).toBe(
    'survival, 12 test patients (weights of the last epoch, 3: concordanceIndex could not be computed on the validation patients, so none was chosen)',
  );
});
