import { describe, expect, test } from 'vitest';
import {
  dropoutRates,
  expectFixtureCase,
  expectParameters,
  overfit,
  parametersOf,
  readFixture,
  SMALL_SIZE,
} from '../../testing/peers.js';
import { initialise } from '../layers.js';
import { snn } from './snn.js';

describe('SNN', () => {
  const fixture = readFixture('snn');

  test('has the parameters of the PyTorch modules', () => {
    expectParameters(snn, fixture);
  });

  test.each(fixture.cases)('dropout $dropped: logits and gradients of the PyTorch modules', (c) =>
    expectFixtureCase(snn, c),
  );

  test('drops a quarter after each block', () => {
    expect(dropoutRates(snn)).toEqual({ 'genes.0': 0.25, 'genes.1': 0.25, 'genes.2': 0.25, 'genes.3': 0.25 });
  });

  test('starts with weights of variance 1/fan_in and no biases', () => {
    const start = initialise(parametersOf(snn, SMALL_SIZE), 1);
    const w = start['genes.1.weight'];
    expect(w.reduce((t, x) => t + x * x, 0) / w.length).toBeCloseTo(1 / 256, 4);
    expect(start['head.bias']).toEqual(new Float32Array(4));
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(snn, { steps: 60, learningRate: 1e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
