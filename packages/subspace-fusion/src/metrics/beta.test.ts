import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { betaQuantile, betaShare, logGamma } from './distributions.js';

const { beta } = JSON.parse(readFileSync(new URL('./reference/inference.json', import.meta.url), 'utf8'));

test.each(beta as number[][])('R pbeta(%d, %d, %d) = %d, and its quantile', (x, a, b, share, quantile) => {
  expect(betaShare(x, a, b) / share).toBeCloseTo(1, 10);
  expect(betaQuantile(x, a, b) / quantile).toBeCloseTo(1, 10);
});

test('the ends, and the quantile undoes the share', () => {
  expect([betaShare(0, 2, 3), betaShare(1, 2, 3), betaShare(-1, 2, 3)]).toEqual([0, 1, 0]);
  for (const share of [1e-6, 0.1, 0.5, 0.999])
    expect(betaShare(betaQuantile(share, 2.5, 30), 2.5, 30)).toBeCloseTo(share, 12);
});

test('log Γ of wholes and halves', () => {
  expect(logGamma(5)).toBeCloseTo(Math.log(24), 14);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 14);
  expect(logGamma(3.5)).toBeCloseTo(Math.log((15 / 8) * Math.sqrt(Math.PI)), 14);
});
