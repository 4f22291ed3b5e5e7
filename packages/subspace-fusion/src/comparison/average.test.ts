import { expect, it } from 'vitest';
import { averageScores } from './average.js';

it('the mean of two models of classes is that of their probabilities, run by run', () => {
  const own = {
    runs: [
      [0.8, 0.2],
      [0.4, 0.6],
    ],
  };
  const outcome = { kind: 'classes' as const, classes: ['a', 'b'], weights: [1, 1] };
  const mean = averageScores(own, { runs: [[0.6, 0.4]] }, outcome);
  expect('runs' in mean && mean.runs.map((run) => Array.from(run, (p) => p.toFixed(6)))).toEqual([
    ['0.700000', '0.300000'],
    ['0.500000', '0.500000'],
  ]);
});

it('the mean of two models of survival is that of their probabilities to be alive, whatever the scale of their risks', () => {
  const model = (rates: readonly number[], until: number, risk: number) => ({
    runs: [rates.map((rate) => risk * rate)],
    survival: [{ until, at: (row: number, time: number) => Math.exp(-rates[row] * time) }],
  });
  const outcome = { kind: 'survival' as const, timeUnit: 'years' as const, cuts: [1, 2] };
  const mean = averageScores(model([0.1, 0.5], 2, 1), model([0.3, 0.2], 9, 1000), outcome);
  if ('reason' in mean) throw new Error(mean.reason);
  const at = (time: number, a: number, b: number) => (Math.exp(-a * time) + Math.exp(-b * time)) / 2;
  expect(mean.survival?.[0].until).toBe(2);
  expect(mean.survival?.[0].at(1, 1.5)).toBeCloseTo(at(1.5, 0.5, 0.2), 12);
  expect(mean.runs[0][0]).toBeCloseTo(-at(1, 0.1, 0.3) - at(2, 0.1, 0.3), 12);
});

it('there is none where one of the two says nothing', () => {
  const reason = { reason: 'no run was finished' };
  expect(averageScores(reason, { runs: [[1]] }, { kind: 'survival', timeUnit: 'years', cuts: [1] })).toEqual(reason);
  expect(averageScores({ runs: [[1]] }, reason, { kind: 'survival', timeUnit: 'years', cuts: [1] })).toEqual(reason);
});
