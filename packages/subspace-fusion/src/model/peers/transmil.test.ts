import { describe, expect, test } from 'vitest';
import { defined } from '../../testing/defined.js';
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
import { transmil, transmilOfWidth } from './mil.js';

describe('TransMIL', () => {
  const narrow = transmilOfWidth(32); // 16 landmarks: several tokens to each, where the paper's width has zeros before a small bag
  const fixture = readFixture('transmil');
  const wide = readFixture('transmil-wide');

  test('has the parameters of the PyTorch modules', () => {
    expectParameters(transmil, wide);
  });

  test.each(fixture.cases)(
    'narrow, $tokens tokens, dropout $dropped: logits and gradients of the PyTorch modules',
    (c) => expectFixtureCase(narrow, c),
  );

  test('of the paper’s width, 36 tokens with dropout: logits and gradients of the PyTorch modules', () =>
    expectFixtureCase(transmil, defined(wide.cases.find((c) => c.dropped))));

  test('drops a tenth of what its attention adds', () => {
    expect(dropoutRates(transmil)).toEqual({ 'layer1.out': 0.1, 'layer2.out': 0.1 });
  });

  test.each([1, 35, 37])('refuses a bag of %i tokens', (tokens) => {
    expect(() => dropoutRates(transmil, tokens)).toThrow('a square number from 36 up');
  });

  test('starts with a class token of variance 1', () => {
    const token = initialise(parametersOf(transmil, SMALL_SIZE), 1)['classToken'];
    expect(token).toHaveLength(512);
    expect(Math.abs(token.reduce((t, x) => t + x * x, 0) / 512 - 1)).toBeLessThan(4 * Math.sqrt(2 / 512));
  });

  test('learns 8 samples by heart', async () => {
    const { losses, right } = await overfit(narrow, { steps: 60, learningRate: 3e-3 });
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(right).toBe(8);
  });
});
