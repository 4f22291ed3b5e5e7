import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import { calibrationGroups, survivalCalibrationError } from './survival-curve.js';

const { ties } = JSON.parse(readFileSync(new URL('./reference/survival.json', import.meta.url), 'utf8'));

test("quartiles of the prediction with R survfit's survival and interval at 12 months", () => {
  const { time, event, risk, calibration } = ties;
  const survival = risk.map((x: number) => Math.exp((-12 / 20) * Math.exp(x)));
  const groups = calibrationGroups(time, event, survival, 12, 4);
  expect(groups).toEqual(
    calibration.map((group: { n: number; predicted: number; observed: number; low: number; high: number }) => ({
      n: group.n,
      predicted: expect.closeTo(group.predicted, 10),
      observed: expect.objectContaining({
        value: expect.closeTo(group.observed, 10),
        low: expect.closeTo(group.low, 10),
        high: expect.closeTo(group.high, 10),
        n: group.n,
      }),
    })),
  );
  const expected =
    groups.reduce((sum, { n, predicted, observed }) => sum + n * Math.abs(predicted - defined(observed.value)), 0) /
    time.length;
  expect(survivalCalibrationError(time, event, survival, 12, 4)).toMatchObject({
    value: expect.closeTo(expected, 14),
    n: 90,
  });
});

test('equal predictions stay together, so that one prediction for all is one group', () => {
  const groups = calibrationGroups([1, 2, 3], [1, 0, 1], [0.5, 0.5, 0.5], 2, 4);
  expect(groups).toMatchObject([{ n: 3, predicted: 0.5, observed: { value: expect.closeTo(2 / 3, 14) } }]);
});

test('refused where the follow-up of a group ends before the horizon, and for nobody', () => {
  expect(survivalCalibrationError([1, 2, 8, 9], [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 5, 2)).toEqual({
    name: 'survivalCalibrationError',
    value: null,
    reason: 'group 1 of 2: the last follow-up ends at 2',
  });
  expect(survivalCalibrationError([], [], [], 5, 2)).toMatchObject({ value: null, reason: 'there are no patients' });
});
