import { describe, expect, test } from 'vitest';
import { dropoutRates, expectFixtureCase, expectParameters, overfit, readFixture } from '../../testing/peers.js';
import { abmil } from './mil.js';

describe('ABMIL', () => {
  const fixture = readFixture('abmil');

  test('has the parameters of the PyTorch modules', () => {
    expectParameters(abmil, fixture);
  });

  test.each(fixture.cases)('$tokens tokens, dropout $dropped: logits and gradients of the PyTorch modules', (c) =>
    expectFixtureCase(abmil, c),
  );

  test('drops a quarter at each site', () => {
    expect(dropoutRates(abmil)).toEqual({
      patches: 0.25,
      'attention.tanh': 0.25,
      'attention.sigmoid': 0.25,
      slide: 0.25,
    });
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(abmil, { steps: 60, learningRate: 1e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
