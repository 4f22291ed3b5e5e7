import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKernels, type Kernels } from '../model/kernels/kernels.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { drawBias, KINDS } from './random-draws.js';
import { verifyRandom } from './verify-random.js';

let kernels: Kernels;
beforeAll(async () => {
  kernels = await createKernels({ threads: 2 });
});
afterAll(() => kernels.close());

test('a draw is a function of its seed and number', () => {
  expect(drawBias(3, 4)).toEqual(drawBias(3, 4));
  expect(drawBias(3, 4).draw.points).not.toEqual(drawBias(4, 4).draw.points);
});

test('draws of every kind pass', async () => {
  const verdicts = await verifyRandom(kernels, KINDS.length, 3);
  expect(verdicts.map(({ kind, draws, failed }) => [kind, draws, failed])).toEqual(KINDS.map((kind) => [kind, 1, []]));
});

test('a gradient that is wrong by 1 in 100,000 fails, and its draw is named', async () => {
  const wrong: Kernels = {
    ...kernels,
    async biasGradients(...given) {
      const gradients = await kernels.biasGradients(...given);
      return { ...gradients, w2: gradients.w2.map((g) => g * 1.00001) };
    },
  };
  const [verdict] = await verifyRandom(wrong, 1, 3);
  expect(verdict).toMatchObject({ failed: [0], draw: 0, tensor: 'gradient of w2' });
  expect(verdict.error).toBeCloseTo(1e-5, 6);
});

test('subspace verify --random: one line per kind', async () => {
  const { code, out } = await subspace('verify', '--random', '2', '--seed', '5');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^as training starts +error \d\.\d\de-\d+ +tolerance 1\.00e-6 +pass +\(1 draws; worst .*\)\nscaled weights .*\n$/,
  );
});

test('subspace verify without a folder and without --random says what to give', async () => {
  const { code, err } = await subspace('verify');
  expect(code).toBe(2);
  expect(err).toMatch(/Give the folder of the parity cases, or --random 200/);
  expect(isPlainMessage(err)).toBe(true);
});
