import { describe, expect, test } from 'vitest';
import { defined } from '../../testing/defined.js';
import { dropoutRates, expectFixtureCase, expectParameters, overfit, readFixture } from '../../testing/peers.js';
import { named, parameterCount, type ParameterSpec } from '../layers.js';
import { cmta, cmtaLayers, cmtaOfWidth } from './cmta.js';

describe('CMTA', () => {
  const narrow = cmtaOfWidth(32); // 16 landmarks: several tokens to each, where the paper's width has zeros before a small bag
  const fixture = readFixture('cmta');
  const wide = readFixture('cmta-wide');
  const specsOf = (groups: number[]) => Object.fromEntries(named<ParameterSpec>(cmtaLayers(1024, groups, 4)));

  test('has the parameters of the PyTorch modules', () => expectParameters(cmta, wide));

  test('with the six groups of its public code, has as many parameters', () => {
    expect(parameterCount(specsOf([100, 200, 300, 400, 500, 600]))).toBe(6_936_132);
  });

  test('linear layers start Xavier normal with biases of 0, convolutions and cross attention as PyTorch starts them', () => {
    const specs = specsOf([59, 361]);
    const start = (name: string) => specs[name].start;
    expect(start('patches.0.weight')).toEqual({ normal: Math.sqrt(2 / (1024 + 256)) });
    expect(start('histology.encoder.layer1.qkv.weight')).toEqual({ normal: Math.sqrt(2 / (256 + 768)) });
    expect(start('histology.translation.out.weight')).toEqual({ normal: Math.sqrt(2 / 512) });
    for (const name of [
      'patches.0',
      'genes.1.0',
      'histology.encoder.layer1.out',
      'histology.translation.out',
      'head',
    ]) {
      expect(start(`${name}.bias`), name).toBe('zeros');
    }
    expect(start('histology.encoder.layer1.values.weight')).toEqual({ uniform: 1 / Math.sqrt(33) });
    expect(start('histology.encoder.position.7.bias')).toEqual({ uniform: 1 / 7 });
    expect(start('histology.translation.keys.weight')).toEqual({ uniform: Math.sqrt(6 / 1024) });
    expect(start('expression.decoder.classToken')).toEqual({ normal: 1e-6 });
  });

  test.each(fixture.cases)(
    'narrow, $tokens tokens, dropout $dropped: outputs and gradients of the PyTorch modules',
    (c) => expectFixtureCase(narrow, c),
  );
  test('of the paper’s width, 36 tokens with dropout: outputs and gradients of the PyTorch modules', () =>
    expectFixtureCase(cmta, defined(wide.cases.find((c) => c.dropped))));

  test('drops a quarter of the embeddings and a tenth of what attention reads, as the public code does', () => {
    const transformers = ['histology.encoder', 'histology.decoder', 'expression.encoder', 'expression.decoder'];
    const embeddings = ['patches.0', 'patches.1', 'genes.0.0', 'genes.0.1', 'genes.1.0', 'genes.1.1'];
    expect(dropoutRates(cmta)).toEqual({
      ...Object.fromEntries(embeddings.map((site) => [site, 0.25])),
      ...Object.fromEntries(
        transformers.flatMap((name) => [`${name}.layer1.out`, `${name}.layer2.out`]).map((site) => [site, 0.1]),
      ),
    });
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(narrow, { steps: 60, learningRate: 3e-3 });
    expect(losses[0]).toBeGreaterThan(3); // cross entropy and alignment
    expect(losses.at(-1)).toBeLessThan(losses[0] / 10);
    expect(right).toBe(8);
  });
});
