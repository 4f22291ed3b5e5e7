import { describe, expect, it } from 'vitest';
import { key, normal, uniform } from '../../random/counter.js';
import { divideGroups, imbalance, type Group } from './strata.js';

/** Sites of log-normal sizes, each with its own mix of strata. */
function simulatedSites(n: number, strata: number, seed: number, mean = 10): Group[] {
  return Array.from({ length: n }, (_, i) => {
    const size = Math.max(1, Math.round(mean * Math.exp(normal(key(seed, 'size'), i) - 0.5)));
    const counts = new Array<number>(strata).fill(0);
    const lean = uniform(key(seed, 'lean'), i);
    for (let p = 0; p < size; p++) counts[Math.floor(uniform(key(seed, 'stratum', i), p) ** (0.5 + lean) * strata)]++;
    return { name: `site ${i}`, counts };
  });
}

/** The least imbalance of all parts^groups divisions, with the formula written out once more. */
function bruteForce(groups: readonly Group[], shares: readonly number[]): number {
  const strata = groups[0].counts.length;
  let least = Infinity;
  for (let code = 0; code < shares.length ** groups.length; code++) {
    const partOf = groups.map((_, i) => Math.floor(code / shares.length ** i) % shares.length);
    if (new Set(partOf).size < shares.length) continue;
    let cost = 0;
    shares.forEach((share, part) => {
      const own = groups.filter((_, i) => partOf[i] === part);
      const n = own.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
      const t = share * groups.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
      cost += (n - t) ** 2 / t;
      for (let c = 0; c < strata; c++) {
        const nc = own.reduce((sum, { counts }) => sum + counts[c], 0);
        const tc = share * groups.reduce((sum, { counts }) => sum + counts[c], 0);
        cost += (nc - tc) ** 2 / Math.max(tc, 1);
      }
    });
    least = Math.min(least, cost);
  }
  return least;
}

describe('the division of groups', () => {
  it.each([
    ['three equal parts', [1 / 3, 1 / 3, 1 / 3]],
    ['80/10/10', [0.8, 0.1, 0.1]],
    ['a small part', [0.85, 0.15]],
  ])('is the best of all that there are, for small cases: %s', (_, shares) => {
    for (let seed = 0; seed < 12; seed++) {
      const groups = simulatedSites(shares.length === 2 ? 11 : 7, 2 + (seed % 3), seed);
      expect(imbalance(groups, divideGroups(groups, shares, seed), shares)).toBeCloseTo(bruteForce(groups, shares), 9);
    }
  });

  it('of 50 sites into five folds keeps sizes and strata within a patient or two, from any seed', () => {
    const shares = new Array<number>(5).fill(0.2);
    for (let seed = 0; seed < 5; seed++) {
      const groups = simulatedSites(50, 3, seed);
      const partOf = divideGroups(groups, shares, seed);
      for (let part = 0; part < 5; part++) {
        for (let c = 0; c < 3; c++) {
          const total = groups.reduce((sum, { counts }) => sum + counts[c], 0);
          const own = groups.reduce((sum, { counts }, i) => sum + (partOf[i] === part ? counts[c] : 0), 0);
          expect(Math.abs(own - total / 5)).toBeLessThanOrEqual(2);
        }
      }
    }
  });

  it('is the same from the same key and another from another', () => {
    const groups = simulatedSites(50, 3, 1);
    const shares = new Array<number>(5).fill(0.2);
    expect(divideGroups(groups, shares, 7)).toEqual(divideGroups(groups, shares, 7));
    expect(divideGroups(groups, shares, 7)).not.toEqual(divideGroups(groups, shares, 8));
  });

  it('leaves no part empty where a single group is most of the patients', () => {
    const groups = [900, 3, 2, 1].map((n, i) => ({ name: String(i), counts: [n] }));
    expect(new Set(divideGroups(groups, [0.8, 0.1, 0.1], 1)).size).toBe(3);
  });
});
