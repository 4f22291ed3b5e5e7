import { describe, expect, it } from 'vitest';
import { key } from '../random/counter.js';
import { drawGamma, drawNegativeBinomial, drawPoisson } from './genes.js';

const DRAWS = 20_000;

/** Mean and variance of many draws. */
function moments(draw: (i: number) => number): { mean: number; variance: number } {
  const values = Array.from({ length: DRAWS }, (_, i) => draw(i));
  const mean = values.reduce((a, b) => a + b) / DRAWS;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS };
}

/** Checks both moments to four standard errors; the variance's comes from the excess kurtosis. */
function expectMoments(draw: (i: number) => number, mean: number, variance: number, excessKurtosis: number): void {
  const found = moments(draw);
  expect(Math.abs(found.mean - mean)).toBeLessThan(4 * Math.sqrt(variance / DRAWS));
  expect(Math.abs(found.variance - variance)).toBeLessThan(4 * variance * Math.sqrt((2 + excessKurtosis) / DRAWS));
}

describe('samplers', () => {
  it.each([0.3, 1, 2.5, 40])('gamma of shape %f has mean and variance equal to the shape', (shape) => {
    expectMoments((i) => drawGamma(key(1, 'gamma'), i, shape), shape, shape, 6 / shape);
  });

  it.each([0.2, 9.9, 10, 55, 4000])('Poisson of mean %f has that mean and variance', (mean) => {
    expectMoments((i) => drawPoisson(key(2, 'poisson'), i, mean), mean, mean, 1 / mean);
  });

  it('Poisson by rejection has the right probabilities, not only the moments', () => {
    const mean = 12;
    const counts = new Map<number, number>();
    for (let i = 0; i < DRAWS; i++) {
      const count = drawPoisson(key(3, 'poisson'), i, mean);
      counts.set(count, (counts.get(count) ?? 0) + 1);
    }
    let probability = Math.exp(-mean);
    let chiSquare = 0;
    for (let n = 0; n <= 24; n++, probability *= mean / n) {
      if (n >= 4) chiSquare += ((counts.get(n) ?? 0) - DRAWS * probability) ** 2 / (DRAWS * probability);
    }
    expect(chiSquare).toBeLessThan(46.8); // 0.1 % point of chi-square with 21 degrees of freedom
  });

  it.each([
    [3, 0.15],
    [200, 0.15],
    [200, 2],
  ])('negative binomial of mean %f and dispersion %f has variance μ + αμ²', (mean, dispersion) => {
    const variance = mean + dispersion * mean * mean;
    expectMoments(
      (i) => drawNegativeBinomial(key(4, 'nb'), i, mean, dispersion),
      mean,
      variance,
      6 * dispersion + 1 / variance,
    );
  });

  it('gives draw i whatever was drawn before', () => {
    const late = drawNegativeBinomial(9, 17, 50, 0.2);
    expect(Array.from({ length: 18 }, (_, i) => drawNegativeBinomial(9, i, 50, 0.2))[17]).toBe(late);
  });
});
