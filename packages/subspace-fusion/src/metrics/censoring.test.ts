import { expect, test } from 'vitest';
import { censoringSurvival, followedBeyond, followedUntil, refuseWeights } from './censoring-weighted.js';

test('the roles of death and censoring are swapped, deaths at one time coming first', () => {
  const g = censoringSurvival([2, 3, 3, 5, 7], [0, 1, 0, 0, 1]); // at risk of censoring: 5, then 4 − 1, then 2
  expect([...g.times]).toEqual([2, 3, 5]);
  [4 / 5, (4 / 5) * (2 / 3), (4 / 5) * (2 / 3) * (1 / 2)].forEach((value, row) =>
    expect(g.survival[row]).toBeCloseTo(value, 14),
  );
  expect(followedUntil(g, 0)).toBe(1);
  expect(followedUntil(g, 2)).toBe(1);
  expect(followedBeyond(g, 2)).toBe(4 / 5);
  expect(followedUntil(g, 2.5)).toBe(4 / 5);
  expect(followedUntil(g, 3)).toBe(4 / 5);
  expect(followedBeyond(g, 3)).toBeCloseTo(8 / 15, 14);
});

test('nothing is known after the end of follow-up, whoever was last', () => {
  const lastDies = censoringSurvival([2, 7], [0, 1]);
  expect([followedUntil(lastDies, 7), followedUntil(lastDies, 7.1), followedBeyond(lastDies, 7.1)]).toEqual([
    0.5, 0, 0,
  ]);
  const lastCensored = censoringSurvival([2, 7], [1, 0]);
  expect([followedUntil(lastCensored, 7), followedBeyond(lastCensored, 7)]).toEqual([1, 0]);
});

test('without censoring everybody is followed to the end', () => {
  const g = censoringSurvival([1, 2], [1, 1]);
  expect([followedUntil(g, 2), followedBeyond(g, 2)]).toEqual([1, 1]);
});

test('no training patient: no weights', () => {
  const g = censoringSurvival([], []);
  expect(followedUntil(g, 0)).toBe(0);
  expect(refuseWeights('m', g, 0)).toEqual({
    name: 'm',
    value: null,
    reason: 'there are no training patients to estimate the censoring from',
  });
});
