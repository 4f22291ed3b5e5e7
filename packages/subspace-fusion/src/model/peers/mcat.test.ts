import { describe, expect, test } from 'vitest';
import { dropoutRates, expectFixtureCase, expectParameters, overfit, readFixture } from '../../testing/peers.js';
import { named, parameterCount, type ParameterSpec } from '../layers.js';
import { mcat, mcatLayers } from './mcat.js';

describe('MCAT', () => {
  const fixture = readFixture('mcat');
  const specsOf = (groups: number[]) => Object.fromEntries(named<ParameterSpec>(mcatLayers(1024, groups, 4)));

  test('has the parameters of the PyTorch modules', () => expectParameters(mcat, fixture));

  test('with the six groups of its public code, has as many parameters', () => {
    expect(parameterCount(specsOf([100, 200, 300, 400, 500, 600]))).toBe(4_161_286);
  });

  test('starts as PyTorch starts its modules', () => {
    const specs = specsOf([59, 361]);
    const start = (name: string) => specs[name].start;
    expect(start('patches.bias')).toEqual({ uniform: 1 / 32 });
    for (const attention of ['coattention', 'histology.0.self', 'expression.1.self']) {
      expect(start(`${attention}.queries.weight`)).toEqual({ uniform: Math.sqrt(6 / (256 + 768)) }); // Xavier, of the three together
      expect(start(`${attention}.out.weight`)).toEqual({ uniform: 1 / 16 });
      for (const part of ['queries', 'keys', 'values', 'out']) expect(start(`${attention}.${part}.bias`)).toBe('zeros');
    }
    expect(start('genes.1.0.weight')).toEqual({ uniform: 1 / 19 });
    expect(start('histology.1.norm2.scale')).toBe('ones');
  });

  test.each(fixture.cases)('$tokens tokens, dropout $dropped: logits and gradients of the PyTorch modules', (c) =>
    expectFixtureCase(mcat, c),
  );

  test('drops a quarter wherever the public code does', () => {
    const layer = ['self.attention', 'read', 'hidden', 'out'];
    const ofModality = [
      ...['0', '1'].flatMap((i) => layer.map((site) => `${i}.${site}`)),
      'pool.tanh',
      'pool.sigmoid',
      'vector',
    ];
    const sites = ['patches', 'genes.0.0', 'genes.0.1', 'genes.1.0', 'genes.1.1'];
    for (const modality of ['histology', 'expression']) sites.push(...ofModality.map((site) => `${modality}.${site}`));
    expect(dropoutRates(mcat)).toEqual(Object.fromEntries(sites.map((site) => [site, 0.25])));
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(mcat, { steps: 12, learningRate: 1e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
