import { describe, expect, test } from 'vitest';
import { adamState, adamStep, cosineRate } from './adam.js';

describe('Adam', () => {
  test('agrees with the algorithm written out in float64', () => {
    const start = [0.5, -1.25, 0, 3];
    const gradientsOf = (t: number) => [Math.sin(t), 0.1 * t, 0, -1e-4];
    const [rate, decay] = [0.01, 0.1];
    const parameters = { w: Float32Array.from(start) };
    const state = adamState(parameters);
    const expected = [...start];
    const m = [0, 0, 0, 0];
    const v = [0, 0, 0, 0];
    for (let t = 1; t <= 5; t++) {
      adamStep(parameters, { w: Float32Array.from(gradientsOf(t)) }, state, { learningRate: rate, weightDecay: decay });
      expected.forEach((w, i) => {
        const g = gradientsOf(t)[i] + decay * w; // L2 inside the gradient
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        const mHat = m[i] / (1 - 0.9 ** t);
        const vHat = v[i] / (1 - 0.999 ** t);
        expected[i] = w - (rate * mHat) / (Math.sqrt(vHat) + 1e-8);
      });
    }
    expect(state.step).toBe(5);
    parameters.w.forEach((w, i) => expect(w).toBeCloseTo(expected[i], 5));
    expect(parameters.w[2]).toBe(0); // no gradient, no weight: nothing moves
  });

  test('the first step is the learning rate against the sign of the gradient', () => {
    const parameters = { w: Float32Array.of(0, 0, 0) };
    adamStep(parameters, { w: Float32Array.of(5, -1e-3, 0) }, adamState(parameters), {
      learningRate: 0.1,
      weightDecay: 0,
    });
    expect(Array.from(parameters.w)).toEqual([expect.closeTo(-0.1, 6), expect.closeTo(0.1, 5), 0]);
  });

  test('weight decay is part of the gradient, not decoupled', () => {
    const parameters = { w: Float32Array.of(2) };
    adamStep(parameters, { w: Float32Array.of(0) }, adamState(parameters), { learningRate: 0.1, weightDecay: 1e-4 });
    expect(parameters.w[0]).toBeCloseTo(1.9, 4); // decoupled decay would give 2 − 0.1·1e-4·2
  });
});

describe('cosine schedule', () => {
  test('starts at the initial rate, is half of it halfway, ends at 0', () => {
    expect(cosineRate(1e-3, 0, 20)).toBe(1e-3);
    expect(cosineRate(1e-3, 10, 20)).toBeCloseTo(5e-4, 12);
    expect(cosineRate(1e-3, 20, 20)).toBe(0);
    expect(cosineRate(1e-3, 5, 20)).toBeCloseTo(1e-3 * 0.8535534, 9);
  });

  test('falls from epoch to epoch', () => {
    const rates = Array.from({ length: 21 }, (_, e) => cosineRate(1, e, 20));
    for (let e = 1; e <= 20; e++) expect(rates[e]).toBeLessThan(rates[e - 1]);
  });
});
