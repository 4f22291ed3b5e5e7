import { describe, expect, test } from 'vitest';
import { BEYOND_FOLLOW_UP, predictedMedian, predictedSurvival, survivalCurve } from './survival-curve.js';

describe('hazards 0.2, 0.5, 0.25 over bins that end at 10 and 30, the last one open', () => {
  const curve = survivalCurve(Float32Array.of(0.2, 0.5, 0.25), [10, 30]);

  test('survival at the cuts is the product of 1 − λ', () => {
    expect(curve.times).toEqual([0, 10, 30]);
    [1, 0.8, 0.4].forEach((expected, j) => expect(curve.survival[j]).toBeCloseTo(expected, 7));
  });

  test('survival is linear between the cuts and unknown after the last', () => {
    expect(predictedSurvival(curve, 0)).toBe(1);
    expect(predictedSurvival(curve, 5)).toBeCloseTo(0.9, 7);
    expect(predictedSurvival(curve, 20)).toBeCloseTo(0.6, 7);
    expect(predictedSurvival(curve, 30)).toBeCloseTo(0.4, 7);
    expect(predictedSurvival(curve, 30.01)).toBe(BEYOND_FOLLOW_UP);
  });

  test('the median lies where the line crosses 1/2', () => {
    const median = predictedMedian(curve);
    expect(median).toBeCloseTo(25, 5);
    expect(predictedSurvival(curve, median as number)).toBeCloseTo(0.5, 12);
  });
});

test('a survival that stays above 1/2 has its median beyond follow-up', () => {
  expect(predictedMedian(survivalCurve([0.1, 0.1, 0.99], [1, 2]))).toBe(BEYOND_FOLLOW_UP);
  expect(predictedMedian(survivalCurve([0.5, 0.9], [3]))).toBe(3);
});

test('certain death and certain survival', () => {
  expect(predictedMedian(survivalCurve([1, 0], [4]))).toBe(2);
  expect(predictedSurvival(survivalCurve([0, 0], [4]), 4)).toBe(1);
});

test('what does not fit is an error', () => {
  expect(() => survivalCurve([0.1, 0.1], [1, 2])).toThrow('2 hazards need 1 cuts, got 2');
  expect(() => survivalCurve([0.1, 0.1, 0.1], [2, 2])).toThrow('the cuts must ascend from above 0: 2, 2');
  expect(() => survivalCurve([NaN, 0.1], [2])).toThrow('hazard 0 is NaN, not a probability');
});
