import { expect, test } from 'vitest';
import { riskCut, riskGroups } from './kaplan-meier.js';

test('the cut is the median risk of the training patients; the cut itself is low risk', () => {
  expect(riskCut([3, 1, 2, 10])).toBe(2.5);
  expect([...riskGroups([1, 2.5, 2.6], 2.5)]).toEqual([0, 0, 1]);
});

test('equal risks put everybody into the low group', () => {
  expect([...riskGroups([2, 2], riskCut([2, 2, 2]))]).toEqual([0, 0]);
});

test('no training patient is an error', () => {
  expect(() => riskCut([])).toThrow(RangeError);
});
