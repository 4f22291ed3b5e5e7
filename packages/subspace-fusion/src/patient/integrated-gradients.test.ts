import { expect, test } from 'vitest';
import { integratedGradients, type Path } from './attribution.js';

test('of a product: each factor gets half of it from a baseline of zeros', async () => {
  // F = x·y on the way from (0, 0) to (3, 2).
  const product: Path = (a) => Promise.resolve({ value: 6 * a * a, parts: Float64Array.of(3 * (2 * a), 2 * (3 * a)) });
  const { attributions, completeness } = await integratedGradients(product);
  expect(Array.from(attributions)).toEqual([expect.closeTo(3, 10), expect.closeTo(3, 10)]);
  expect(completeness).toMatchObject({ from: 0, to: 6, sum: expect.closeTo(6, 10), steps: 16, holds: true });
});

test('intervals are halved where F is rough, and nowhere else, until the sum is within 1 % of the change', async () => {
  const visited: number[] = [];
  // F = max(0, α − 0.97): all that happens, happens at the end.
  const late: Path = (a) => {
    visited.push(a);
    return Promise.resolve({ value: Math.max(0, a - 0.97), parts: Float64Array.of(a > 0.97 ? 1 : 0) });
  };
  const { attributions, completeness } = await integratedGradients(late);
  expect(completeness.holds).toBe(true);
  expect(Math.abs(attributions[0] - 0.03)).toBeLessThanOrEqual(0.01 * 0.03);
  expect(new Set(visited).size).toBe(visited.length);
  expect(visited).toHaveLength(completeness.steps + 1);
  expect(completeness.steps).toBeGreaterThan(16);
  expect(visited.slice(17).every((a) => a > 0.9)).toBe(true);
});

test('a jump, which no gradient sees, is reported as not complete', async () => {
  const jump: Path = (a) => Promise.resolve({ value: a > 0.5 ? 1 : 0, parts: Float64Array.of(0) });
  const { completeness } = await integratedGradients(jump, 20);
  expect(completeness).toMatchObject({ error: 1, steps: 20, holds: false });
});
