import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { effectiveRank } from './effective-rank.js';

const cases = JSON.parse(readFileSync(new URL('reference/effective-rank.json', import.meta.url), 'utf8')) as {
  n: number;
  x: number[];
  rank: number;
}[];

describe('effective rank', () => {
  it.each(cases)('is that of numpy’s singular values: $n rows', ({ n, x, rank }) =>
    expect(effectiveRank(x, n)).toBeCloseTo(rank, 6),
  );

  it('is 1 where all rows point in one direction, n where they are orthogonal and of one length, 0 for nothing', () => {
    expect(effectiveRank([1, 2, -2, -4, 3, 6], 3)).toBeCloseTo(1, 5);
    expect(effectiveRank([0, 2, 0, 2, 0, 0, 0, 0, -2], 3)).toBeCloseTo(3, 10);
    expect(effectiveRank([0, 0, 0, 0], 2)).toBe(0);
  });
});
