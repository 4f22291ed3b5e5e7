import { expect, test } from 'vitest';
import { ascendingOrder, quantile, requireNumbers } from './arrays.js';

test('quantiles are those of R and NumPy (type 7)', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  expect(quantile(values, 0.025)).toBe(1);
  expect(quantile(values, 0.5)).toBe(3.5);
  expect(quantile(values, 0.975)).toBeCloseTo(8.475, 12);
  expect(quantile([7], 0.3)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test('order is ascending and keeps equal values in place', () => {
  expect([...ascendingOrder([2, 1, 2, -1, 1, Infinity, -Infinity])]).toEqual([6, 3, 1, 4, 0, 2, 5]);
});

test('unequal lengths and NaN are named', () => {
  expect(() => requireNumbers(2, { time: [1, 2], risk: [1] })).toThrow('risk has 1 elements, expected 2');
  expect(() => requireNumbers(2, { time: [1, NaN] })).toThrow('time[1] is NaN');
});
