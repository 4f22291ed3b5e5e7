import { describe, expect, test } from 'vitest';
import { dropoutRates, expectFixtureCase, expectParameters, overfit, readFixture } from '../../testing/peers.js';
import { meanSnn } from './snn.js';

describe('mean-pooled histology and SNN', () => {
  const fixture = readFixture('mean-snn');

  test('has the parameters of the PyTorch modules', () => {
    expectParameters(meanSnn, fixture);
  });

  test.each(fixture.cases)('dropout $dropped: logits and gradients of the PyTorch modules', (c) =>
    expectFixtureCase(meanSnn, c),
  );

  test('drops a quarter at each site', () => {
    expect(dropoutRates(meanSnn)).toEqual({ patches: 0.25, slide: 0.25, 'genes.0': 0.25, 'genes.1': 0.25 });
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(meanSnn, { steps: 60, learningRate: 1e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
