import { describe, expect, test } from 'vitest';
import { layerNorm, type Value } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

const normalise = (x: Value, scale: Value, shift: Value) => layerNorm(x, scale, shift);

describe('gradients agree with central differences', () => {
  test.each([[[4]], [[2, 5]], [[2, 3, 4]], [[1, 1, 6]], [[0, 3]]])('layerNorm of [%s]', (shape) => {
    const width = shape[shape.length - 1];
    return expectGradients([mixed(...shape), mixed(width), mixed(width)], normalise);
  });
  test('of a single number, whose deviation is 0', () => expectGradients([mixed(3, 1), mixed(1), mixed(1)], normalise));
  test('of equal numbers, with an ε that counts', () =>
    expectGradients([given([2, 3], [2, 2, 2, 1, 2, 3]), mixed(3), mixed(3)], (x, scale, shift) =>
      layerNorm(x, scale, shift, 0.5),
    ));
});

test('mean 0 and deviation 1 before scale and shift', async () => {
  const samples = [given([1, 4], [1, 2, 3, 4]), given([4], [1, 1, 1, 2]), given([4], [0, 0, 0, 100])];
  const { y } = await evaluate(samples, normalise);
  const deviation = Math.sqrt(1.25 + 1e-5);
  [-1.5, -0.5, 0.5, 3].forEach((x, i) => expect(y[i]).toBeCloseTo(x / deviation + (i === 3 ? 100 : 0), 4));
});

test('large arrays: the same bits at one and two threads', () =>
  expectSameBits([mixed(2500, 128), mixed(128), mixed(128)], normalise));

test('LayerNormalization: a shape error names the operation and the shapes', () => {
  expectShapeError('LayerNormalization', [[2, 3], [2], [3]], normalise);
  expectShapeError('LayerNormalization', [[2, 3], [3], [2]], normalise);
  expectShapeError('LayerNormalization', [[2, 3], [3], [3, 1]], normalise);
  expectShapeError('LayerNormalization', [[], [1], [1]], normalise);
});
