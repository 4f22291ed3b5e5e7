import { describe, expect, it } from 'vitest';
import { key, normal, uniform } from '../../random/counter.js';
import type { Loss } from './design.js';
import { partialLikelihood, riskSets, type Ties } from './ridge-cox.js';
import { multinomialLoss } from './ridge-logistic.js';

const stream = key(5, 'loss');
const draws = (n: number, from: number) => Float64Array.from({ length: n }, (_, i) => normal(stream, from + i));

/** Compares gradient and Hessian product along random directions with central differences. */
function expectDerivatives(loss: (eta: Float64Array) => Loss, length: number): void {
  const eta = draws(length, 0);
  const at = loss(eta);
  const h = 1e-5;
  for (let trial = 0; trial < 5; trial++) {
    const v = draws(length, 1000 * (trial + 1));
    const moved = (sign: number) => loss(eta.map((value, i) => value + sign * h * v[i]));
    const [up, down] = [moved(1), moved(-1)];
    const slope = at.gradient.reduce((sum, g, i) => sum + g * v[i], 0);
    expect(slope).toBeCloseTo((up.value - down.value) / (2 * h), 6);
    at.hessianTimes(v).forEach((product, i) =>
      expect(product).toBeCloseTo((up.gradient[i] - down.gradient[i]) / (2 * h), 6),
    );
  }
}

describe('partialLikelihood', () => {
  const n = 40;
  // Times on a grid of 9: most deaths are tied, some with censored patients.
  const time = Float64Array.from({ length: n }, (_, i) => 1 + Math.floor(9 * uniform(stream, i)));
  const event = Uint8Array.from({ length: n }, (_, i) => (uniform(stream, 100 + i) < 0.6 ? 1 : 0));
  const sets = riskSets(time, event);

  it.each<Ties>(['efron', 'breslow'])('has the derivatives of its value, %s ties', (ties) => {
    expectDerivatives((eta) => partialLikelihood(sets, ties, eta), n);
  });

  it('is the product of the chances of each death without ties', () => {
    const own = riskSets([3, 1, 2], [true, true, false]);
    const eta = Float64Array.of(0.5, -0.2, 1);
    const first = Math.exp(-0.2) / (Math.exp(0.5) + Math.exp(-0.2) + Math.exp(1));
    for (const ties of ['efron', 'breslow'] as const)
      expect(partialLikelihood(own, ties, eta).value).toBeCloseTo(-Math.log(first), 12);
  });

  it('does not change with a shift of η, even one whose exponential overflows', () => {
    const eta = draws(n, 0);
    const shifted = partialLikelihood(
      sets,
      'efron',
      eta.map((value) => value + 2000),
    );
    expect(shifted.value).toBeCloseTo(partialLikelihood(sets, 'efron', eta).value, 8);
  });

  it('counts only the patients it was given', () => {
    const rows = Array.from({ length: 25 }, (_, i) => n - 1 - i);
    const eta = draws(25, 0);
    const copied = riskSets(
      rows.map((i) => time[i]),
      rows.map((i) => event[i]),
    );
    expect(partialLikelihood(riskSets(time, event, rows), 'efron', eta).value).toBe(
      partialLikelihood(copied, 'efron', eta).value,
    );
  });
});

describe('multinomialLoss', () => {
  const labels = Array.from({ length: 15 }, (_, i) => (i * i) % 3);
  const weights = Float64Array.from({ length: 15 }, (_, i) => 0.5 + uniform(stream, 200 + i));

  it('has the derivatives of its value', () => {
    expectDerivatives((eta) => multinomialLoss(labels, weights, 3, eta), 45);
  });

  it('is log(classes) per unit of weight where nothing is known', () => {
    const total = weights.reduce((sum, w) => sum + w, 0);
    expect(multinomialLoss(labels, weights, 3, new Float64Array(45)).value).toBeCloseTo(total * Math.log(3), 10);
  });
});
