import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../testing/defined.js';
import { parityFolders } from '../../testing/parity.js';
import { positionBiasExactly } from '../../verification/exact-bias.js';
import { readCase, readManifest } from '../../verification/fixture.js';
import { createKernel } from './kernel.js';
import { createKernels, type Kernels } from './kernels.js';
import type { Grid } from './keys.js';
import { expectSameBits, random, randomWeights, relativeError } from './testing.test.helper.js';
import type { PositionBiasGradients, PositionBiasWeights } from './weights.js';

let single: Kernels; // on the calling thread
let threaded: Kernels;
let four: Kernels;

beforeAll(async () => {
  single = await createKernels({ threads: 1 });
  threaded = await createKernels({ threads: 2 });
  four = await createKernels({ threads: 4 });
});

afterAll(async () => {
  await Promise.all([single, threaded, four].map((kernels) => kernels.close()));
});

function expectSameGradients(got: PositionBiasGradients, expected: PositionBiasGradients): void {
  for (const name of names) expectSameBits(got[name], expected[name], name);
}

const names = ['points', 'w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;

/** The kernels' bias and gradients against the float64 reference, at one, two and four threads with the same bits. */
async function expectAgreement(
  points: Float32Array,
  grid: Grid,
  weights: PositionBiasWeights,
): Promise<PositionBiasGradients> {
  const upstream = random('upstream', (points.length / 2) * grid.side ** 2, 1);
  const reference = positionBiasExactly(points, grid, weights, upstream);
  const bias = new Float32Array(upstream.length);
  await single.bias(points, grid, weights, bias);
  const gradients = await single.biasGradients(points, grid, weights, upstream);
  expect(relativeError(bias, reference.bias), 'bias').toBeLessThan(5e-7);
  for (const name of names) expect(relativeError(gradients[name], reference.gradients[name]), name).toBeLessThan(5e-7);

  for (const kernels of [threaded, four]) {
    const again = new Float32Array(upstream.length);
    await kernels.bias(points, grid, weights, again);
    expectSameBits(again, bias, 'bias');
    expectSameGradients(await kernels.biasGradients(points, grid, weights, upstream), gradients);
    expectSameGradients(await kernels.biasGradients(points, grid, weights, upstream), gradients);
  }
  return gradients;
}

describe('the position bias agrees with the float64 reference', () => {
  it.each([
    { side: 2, kvPoints: 1, groups: 1 },
    { side: 6, kvPoints: 1, groups: 8 },
    { side: 7, kvPoints: 1, groups: 8 },
    { side: 9, kvPoints: 17, groups: 2 },
    { side: 21, kvPoints: 33, groups: 1 },
    { side: 50, kvPoints: 5, groups: 1 },
  ])(
    'random weights and points: side $side, $kvPoints kv points, $groups groups',
    async ({ side, kvPoints, groups }) => {
      await expectAgreement(
        random(`points ${side}`, groups * kvPoints * 2, 1.3),
        { side, kvPoints },
        randomWeights(`side ${side}`),
      );
    },
  );

  const grid = { side: 9, kvPoints: 4 };
  const points = random('points', 2 * 4 * 2, 1.3);

  it.each([
    ['x', (w: Float32Array) => w.map((value, i) => (i % 2 === 0 ? 0 : value))],
    ['x, as −0', (w: Float32Array) => w.map((value, i) => (i % 2 === 0 ? -0 : value))],
    ['y', (w: Float32Array) => w.map((value, i) => (i % 2 === 1 ? 0 : value))],
    ['x in every third unit', (w: Float32Array) => w.map((value, i) => (i % 6 === 0 ? 0 : value))],
    ['both', (w: Float32Array) => w.map(() => 0)],
  ])('zero first-layer weights on %s', async (_, change) => {
    const weights = randomWeights('zeros');
    await expectAgreement(points, grid, { ...weights, w1: change(weights.w1) });
  });

  it('zero output weights still give their own gradient', async () => {
    const { w3 } = await expectAgreement(points, grid, { ...randomWeights('w3'), w3: new Float32Array(32) });
    expect(w3.some((value) => value !== 0)).toBe(true);
  });

  it('kv points far outside the grid', async () => {
    const far = Float32Array.of(50, -80, -1e4, 1e4, 3, 0.1, -0.2, -7);
    await expectAgreement(far, grid, randomWeights('far'));
  });

  it('all units switching in one cell, and no second-layer bias: z is exactly 0 where all are off', async () => {
    const w1 = random('one cell', 64, 1).map((value, i) => (i % 2 === 0 ? Math.abs(value) + 0.1 : 0));
    const b1 = Float32Array.from({ length: 32 }, (_, i) => -0.3 * w1[2 * i]);
    const weights = { ...randomWeights('one cell'), b1, b2: new Float32Array(32) };
    await expectAgreement(points, grid, { ...weights, w1 });
    await expectAgreement(points, grid, { ...weights, w1: w1.map((value) => -value), b1: b1.map((value) => -value) });
  });

  it('kv points on query columns and rows (d = 0), and switches exactly on these queries: on only where > 0', async () => {
    // With no bias and no weight on y, α·u + γ is exactly 0 in the column of the point. Some units keep weights that avoid the tie.
    const onGrid = Float32Array.of(0, 0.25, -1, 1, 0.5, 0.3, 0.75, -0.75);
    const random1 = randomWeights('ties');
    const tie = (i: number) => i < 24;
    const w1 = random1.w1.map((value, i) => (tie(i >> 1) && i % 2 === 1 ? 0 : value));
    const b1 = random1.b1.map((value, i) => (tie(i) ? 0 : value));
    await expectAgreement(onGrid, grid, { ...random1, w1, b1 });
  });

  it('a switch exactly on a query away from the point: γ = −u as float32 values', async () => {
    const u = Math.fround(Math.log(1.5)); // d = ½
    const random1 = randomWeights('tie');
    const w1 = random1.w1.map((value, i) => (i % 2 === 1 ? 0 : i % 8 === 0 ? 1 : i % 8 === 4 ? -2 : value));
    const b1 = random1.b1.map((value, i) => (i % 4 === 0 ? -u : i % 4 === 2 ? 2 * u : value));
    await expectAgreement(Float32Array.of(0, 0.1, 0.25, -0.6, -0.5, 0.7, -1, 0.9), grid, { ...random1, w1, b1 });
  });

  it('more groups than stand in memory at a time', async () => {
    const large = { side: 50, kvPoints: 144 };
    const groups = 13;
    const weights = randomWeights('chunks');
    const all = random('chunks', groups * 288, 1.3);
    const upstream = random('chunk upstream', groups * 2500 * 144, 1);
    const bias = new Float32Array(upstream.length);
    await single.bias(all, large, weights, bias);
    const gradients = await single.biasGradients(all, large, weights, upstream);
    const last = groups - 1;
    const lastBias = new Float32Array(2500 * 144);
    await single.bias(all.subarray(last * 288), large, weights, lastBias);
    expectSameBits(bias.subarray(last * lastBias.length), lastBias);
    const lastGradients = await single.biasGradients(
      all.subarray(last * 288),
      large,
      weights,
      upstream.subarray(last * lastBias.length),
    );
    expectSameBits(gradients.points.subarray(last * 288), lastGradients.points);
    expect(gradients.b3[0]).toBeCloseTo(
      upstream.reduce((sum, g) => sum + g, 0),
      1,
    );
    expectSameGradients(await threaded.biasGradients(all, large, weights, upstream), gradients);
  });
});

describe('where a table of pieces is full', () => {
  const grid = { side: 21, kvPoints: 9 };
  const points = random('full', 2 * 9 * 2, 1.3);
  const weights = randomWeights('full');
  const upstream = random('full upstream', 2 * 441 * 9, 1);
  const reference = positionBiasExactly(points, grid, weights, upstream);

  it.each([1, 2, 40, 300])('room for %i pieces: what is beyond is computed directly', async (mostPieces) => {
    const small = await createKernels({ threads: 2, mostPieces });
    const bias = new Float32Array(upstream.length);
    await small.bias(points, grid, weights, bias);
    const gradients = await small.biasGradients(points, grid, weights, upstream);
    await small.close();
    expect(relativeError(bias, reference.bias), 'bias').toBeLessThan(5e-7);
    for (const name of names)
      expect(relativeError(gradients[name], reference.gradients[name]), name).toBeLessThan(5e-7);
  });
});

it('the reference has the gradients of central differences', () => {
  const grid = { side: 3, kvPoints: 2 };
  const weights = randomWeights('differences');
  const inputs = { ...weights, points: Float32Array.of(0.31, -0.47, 0, 1.2) };
  const upstream = random('differences', 18, 1);
  const loss = (at: typeof inputs) =>
    positionBiasExactly(at.points, grid, at, upstream).bias.reduce((sum, b, i) => sum + b * upstream[i], 0);
  const { gradients } = positionBiasExactly(inputs.points, grid, weights, upstream);
  const step = 2 ** -14; // small, so that no unit crosses its zero
  for (const name of names) {
    const differences = inputs[name].map((_, i) => {
      const moved = (by: number) =>
        loss({ ...inputs, [name]: inputs[name].map((value, j) => (i === j ? value + by : value)) });
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expect(relativeError(differences, gradients[name]), name).toBeLessThan(2e-3);
  }
});

describe('errors', () => {
  const grid = { side: 6, kvPoints: 1 };

  it('an input that is not finite makes everything NaN, as in a network that has diverged', async () => {
    const weights = randomWeights('nan');
    const bias = new Float32Array(36);
    await single.bias(
      Float32Array.of(0, 0),
      grid,
      { ...weights, b1: weights.b1.map((b, i) => (i === 3 ? NaN : b)) },
      bias,
    );
    expect(bias.every(Number.isNaN)).toBe(true);
    const gradients = await single.biasGradients(Float32Array.of(0, Infinity), grid, weights, bias.fill(1));
    for (const name of names) expect(gradients[name].every(Number.isNaN), name).toBe(true);
  });

  it('lengths that do not fit are refused', async () => {
    await expect(single.bias(new Float32Array(4), grid, randomWeights('fit'), new Float32Array(36))).rejects.toThrow(
      RangeError,
    );
    await expect(createKernels({ threads: 0 })).rejects.toThrow(RangeError);
    await expect(single.dropoutMask(new Float32Array(4), 1, 0)).rejects.toThrow(RangeError);
  });

  it('a failing worker rejects the call under way and later ones', async () => {
    const kernel = await createKernel(2);
    const nowhere = 0x7ffffff0; // beyond 1 GiB
    await expect(kernel.run('dropoutMask', 4, [nowhere, 1 << 18, 0, 0, 0, 1])).rejects.toThrow(
      /memory access out of bounds/,
    );
    await expect(kernel.run('dropoutMask', 4, [0, 0, 0, 0, 0, 1])).rejects.toThrow();
    await kernel.close();
  });

  it.each([1, 2])('after close, calls are rejected (%i threads)', async (threads) => {
    const closed = await createKernels({ threads });
    const mask = new Float32Array(1 << 20);
    const underWay = closed.dropoutMask(mask, 1, 0.5).catch(() => undefined);
    await closed.close();
    await underWay;
    await expect(closed.dropoutMask(mask, 1, 0.5)).rejects.toThrow(/closed/);
  });
});

describe.each(parityFolders)('parity cases (%s)', async (folder) => {
  const manifest = await readManifest(folder);
  it.each(Object.keys(manifest.cases).filter((name) => name.startsWith('position-bias-')))('%s', async (name) => {
    const { config, tensors, expected: listed } = await readCase(folder, manifest, name);
    const tensor = (tensorName: string) => defined(tensors.get(tensorName)).data as Float32Array;
    const mlp = { w1: '0.0.weight', b1: '0.0.bias', w2: '1.0.weight', b2: '1.0.bias', w3: '2.weight', b3: '2.bias' };
    const fileName = (key: keyof PositionBiasGradients) =>
      key === 'points' ? 'key_points' : `rel_pos_bias.mlp.${mlp[key]}`;
    const weights = Object.fromEntries(
      names.slice(1).map((key) => [key, tensor(`w/${fileName(key)}`)]),
    ) as unknown as PositionBiasWeights;
    const grid = { side: config['query_side'] as number, kvPoints: defined(tensors.get('in/key_points')).shape[1] };

    const bias = new Float32Array(tensor('out/bias').length);
    await threaded.bias(tensor('in/key_points'), grid, weights, bias);
    const gradients = await threaded.biasGradients(tensor('in/key_points'), grid, weights, tensor('cot/bias'));
    const got: Record<string, Float32Array> = { 'out/bias': bias };
    for (const key of names) got[`grad/${fileName(key)}`] = gradients[key];
    for (const [tensorName, values] of Object.entries(got)) {
      const expected = tensor(tensorName);
      const { rel, abs } = defined(listed.get(tensorName));
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(relativeError(values, expected) * largest, tensorName).toBeLessThanOrEqual(abs + rel * largest);
    }
  });
});
