import { describe, expect, test } from 'vitest';
import { chiSquareTail } from './distributions.js';
import { logRank } from './kaplan-meier.js';

describe('tail of the chi-square distribution', () => {
  test.each([
    [0.5, 1, 0.4795001221869535],
    [3.84, 1, 0.05004352124870522],
    [310.0279464, 3, 6.719259483616526e-67],
    [10, 10, 0.4404932850652125],
    [1, 7, 0.9948285365165156],
    [1200, 4, 1.592888328355591e-258],
    [25, 20, 0.2014311049455358],
  ])('pchisq(%d, df = %d, lower.tail = FALSE) of R', (x, df, expected) => {
    expect(Math.abs(chiSquareTail(x, df) / expected - 1)).toBeLessThan(1e-12);
  });

  test('two degrees of freedom are an exponential distribution, on both sides of the switch of method', () => {
    for (const x of [0, 1e-9, 0.1, 1, 3.9, 4, 4.1, 10, 100])
      expect(chiSquareTail(x, 2)).toBeCloseTo(Math.exp(-x / 2), 14);
  });
});

describe('log-rank test', () => {
  const time = [1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8];
  const event = [1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1];
  const group = [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3];

  test('three groups with tied times, as R survdiff', () => {
    const test = logRank(time, event, group);
    expect(test.groups).toEqual([1, 2, 3]);
    expect([...test.observed]).toEqual([4, 2, 2]);
    [2.3, 2.3, 3.4].forEach((expected, g) => expect(test.expected[g]).toBeCloseTo(expected, 12));
    expect(test.degreesOfFreedom).toBe(2);
    expect(test.chiSquare.value).toBeCloseTo(2.331695178849145, 12);
    expect(test.pValue).toMatchObject({ value: expect.closeTo(0.3116583916952162, 12), n: 12, events: 8 });
  });

  test('a group that is never at risk at a death changes nothing but the list of groups', () => {
    const test = logRank([0.5, ...time], [0, ...event], [9, ...group]);
    expect(test.groups).toEqual([1, 2, 3, 9]);
    expect(test.degreesOfFreedom).toBe(2);
    expect(test.chiSquare.value).toBeCloseTo(2.331695178849145, 12);
  });

  test('does not depend on the labels', () => {
    const renamed = logRank(
      time,
      event,
      group.map((g) => -7.5 * g),
    );
    expect(renamed.chiSquare.value).toBeCloseTo(2.331695178849145, 12);
  });

  test('one death', () => {
    const test = logRank([1, 2, 3], [1, 0, 0], [0, 1, 1]); // O − E = 2/3, V = 2/9
    expect(test.chiSquare.value).toBeCloseTo(2, 14);
  });

  test('refuses what cannot be compared', () => {
    const reasons = (...args: Parameters<typeof logRank>) => {
      const { chiSquare, pValue } = logRank(...args);
      expect(chiSquare.value).toBeNull();
      expect(pValue.value).toBeNull();
      return 'reason' in chiSquare ? chiSquare.reason : '';
    };
    expect(reasons([1, 2], [1, 1], [0, 0])).toBe('1 of 1 groups are at risk at a death, two are needed');
    expect(reasons([1, 2], [0, 0], [0, 1])).toBe('0 of 2 groups are at risk at a death, two are needed');
    expect(reasons([1, 1], [1, 1], [0, 1])).toBe('everybody at risk dies at once, which tells no groups apart');
    expect(reasons([1], [1], [0])).toMatch(/^1 of 1/);
    expect(reasons([], [], [])).toMatch(/^0 of 0/);
  });
});
