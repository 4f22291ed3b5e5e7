import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, type Backend } from '../inference/backend.js';
import { defined } from '../testing/defined.js';
import { gradientsOf, randomBatch, SMALL, someLabels, totalLoss } from '../testing/random-batch.js';
import { closestSlope } from '../testing/slopes.js';
import { createStep, type BatchGradients, type Step } from '../training/step.js';
import { initialise, type Parameters } from './layers.js';
import { networkParameters } from './network.js';
import { gridSide, keySide } from './parts.js';

describe('gradients of the whole loss against central differences', () => {
  const parameters: Parameters = initialise(networkParameters(SMALL), 1);
  const batch = randomBatch(SMALL, 100, 3);
  let backend: Backend;
  let step: Step<BatchGradients>;
  let gradient: Parameters;
  const run = () => step.gradients(parameters, batch, someLabels('survival', 3), { seed: 1, step: 0 });

  beforeAll(async () => {
    // The position bias starts so small that its slopes drown in float32's rounding of the loss.
    for (const name of ['tumour.bias.1.weight', 'tumour.bias.2.weight'])
      parameters[name] = parameters[name].map((w) => 6 * w);
    backend = await openBackend({ threads: 2 });
    step = createStep({
      size: SMALL,
      tokens: 100,
      task: 'survival',
      consistency: 'corrected',
      dropout: 0.1,
      microBatch: 3,
      backend,
    });
    gradient = (await run()).gradients;
  });
  afterAll(async () => {
    await step.dispose();
    await backend.close();
  });

  const kinds = Object.keys(networkParameters(SMALL)).filter((name) =>
    /^tumour\.(?!bias\.2\.bias)|^head\.|^microenvironment\.(genes\.0|patches|offsets)/.test(name),
  );
  test.each(kinds)('%s', async (name) => {
    const off = await closestSlope(name, parameters[name], gradient[name], async () => totalLoss(await run()));
    expect(Math.abs(off)).toBeLessThan(0.02);
  });

  test('the last bias of the position bias has none: softmax ignores a constant', () => {
    expect(Math.abs(gradient['tumour.bias.2.bias'][0])).toBeLessThan(1e-7);
  });
});

describe('sizes', () => {
  test.each([36, 49, 64, 81, 100, 121, 400])('a bag of %i tokens', async (tokens) => {
    const { logits, vgrid, gradients } = await gradientsOf({ tokens, samples: 2 });
    expect(logits).toHaveLength(2 * 4);
    expect(vgrid.tumour).toHaveLength(2 * 8 * 2 * keySide(Math.sqrt(tokens)) ** 2);
    for (const [name, g] of Object.entries(gradients)) expect(g.every(Number.isFinite), name).toBe(true);
    expect(gradients['tumour.patches.weight'].some((g) => g !== 0)).toBe(true);
  });

  test('36 and 49 tokens have one key, and the grid of keys follows ⌊(s − 4)/4⌋ + 1', () => {
    expect([6, 7, 8, 9, 10, 11, 20, 50].map(keySide)).toEqual([1, 1, 2, 2, 2, 2, 5, 12]);
  });

  test.each([0, 1, 25, 35, 37, 50, 2501, 36.5])('a bag of %d tokens is refused', async (tokens) => {
    expect(() => gridSide(tokens)).toThrow(`a bag of ${tokens} tokens does not work: take a square number from 36 up`);
    await expect(gradientsOf({ tokens })).rejects.toThrow('a square number from 36 up');
  });

  test.each([
    ['one gene and 2000', { ...SMALL, genes: { tumour: 1, microenvironment: 2000 } }],
    ['patches of width 1', { ...SMALL, patchWidth: 1 }],
    ['patches of width 1536', { ...SMALL, patchWidth: 1536 }],
    ['two classes', { ...SMALL, classes: 2 }],
    ['nine classes', { ...SMALL, classes: 9 }],
  ])('%s', async (_what, size) => {
    const { logits, gradients } = await gradientsOf({ size, task: 'classes', samples: 2 });
    expect(logits).toHaveLength(2 * size.classes);
    for (const [name, { shape }] of Object.entries(networkParameters(size))) {
      expect(gradients[name], name).toHaveLength(shape.reduce((n, d) => n * d, 1));
      expect(gradients[name].every(Number.isFinite), name).toBe(true);
    }
  });
});

test('numbers that are not finite come out as such, wherever they enter', async () => {
  const nan = await gradientsOf({ tokens: 100 }, (parameters) =>
    parameters['tumour.offsets.depthwise.weight'].fill(NaN),
  );
  expect(nan.task).toBeNaN();
  const huge = await gradientsOf({ tokens: 100 }, (_, batch) => defined(batch[0].bag).fill(3e38));
  expect(huge.task).toBeNaN();
  const large = await gradientsOf({ tokens: 100 }, (parameters) =>
    Object.values(parameters).forEach((p) => p.fill(1e30)),
  );
  expect(Number.isFinite(totalLoss(large))).toBe(false);
});
