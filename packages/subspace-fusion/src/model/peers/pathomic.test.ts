import { describe, expect, test } from 'vitest';
import { dropoutRates, expectFixtureCase, expectParameters, overfit, readFixture } from '../../testing/peers.js';
import { pathomic } from './pathomic.js';

describe('Pathomic Fusion', () => {
  const fixture = readFixture('pathomic');

  test('has the parameters of the PyTorch modules', () => expectParameters(pathomic, fixture));

  test.each(fixture.cases)('$tokens tokens, dropout $dropped: logits and gradients of the PyTorch modules', (c) =>
    expectFixtureCase(pathomic, c),
  );

  test('drops a quarter wherever the public code does', () => {
    const sites = ['patches', 'pool.tanh', 'pool.sigmoid', 'vector', 'genes.0', 'genes.1'];
    const ofFusion = ['first.out', 'second.out', 'product', '0', '1'].map((site) => `fusion.${site}`);
    expect(dropoutRates(pathomic)).toEqual(Object.fromEntries([...sites, ...ofFusion].map((site) => [site, 0.25])));
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(pathomic, { steps: 20, learningRate: 1e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
