import { constant, input } from 'onnx-autodiff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, type Backend } from '../inference/backend.js';
import { key } from '../random/counter.js';
import { evaluateGraph, normals } from '../testing/graph.js';
import { alphaDropout, alphaDropoutConstants, dropout, type Dropout } from './dropout.js';

const N = 200_000;
const RATE = 0.1;
const mean = (x: Float32Array) => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: Float32Array) => mean(x.map((v) => v * v)) - mean(x) ** 2;
const largestDifference = (x: Float32Array, expected: (i: number) => number) =>
  x.reduce((most, v, i) => Math.max(most, Math.abs(v - expected(i))), 0);
const options = (prefix = ''): Dropout => ({ rate: RATE, sites: [], prefix });

let backend: Backend;
let mask: Float32Array;
beforeAll(async () => {
  backend = await openBackend({ threads: 2 });
  mask = new Float32Array(N);
  await backend.fillMask(mask, key(1, 'mask'), RATE);
});
afterAll(() => backend.close());

describe('dropout masks', () => {
  test('hold 0 with the rate and 1/(1 − rate) else', () => {
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
    const dropped = mask.reduce((n, x) => n + Number(x === 0), 0);
    expect(Math.abs(dropped - RATE * N)).toBeLessThan(4 * Math.sqrt(N * RATE * (1 - RATE)));
    expect(mean(mask)).toBeCloseTo(1, 2);
  });

  test('are the same whether they are drawn small, in the program, or large, in the kernels', async () => {
    const small = new Float32Array(1000);
    await backend.fillMask(small, key(1, 'mask'), RATE);
    expect(small).toEqual(mask.subarray(0, 1000));
  });
});

describe('dropout', () => {
  test('keeps the mean', async () => {
    const x = normals('x', N).map((v) => v + 3);
    const y = dropout(constant(x), 'site', options('tumour.'));
    const out = await evaluateGraph({ y }, { 'dropout.tumour.site': mask });
    expect(mean(out.y)).toBeCloseTo(mean(x), 1);
    expect(largestDifference(out.y, (i) => Math.fround(x[i] * mask[i]))).toBe(0);
  });

  test('without a rate there is no mask to feed', () => {
    const x = input('x', [3]);
    const none: Dropout = { rate: 0, sites: [], prefix: '' };
    expect(dropout(x, 'site', undefined)).toBe(x);
    expect(dropout(x, 'site', none)).toBe(x);
    expect(alphaDropout(x, 'site', none)).toBe(x);
  });

  test('notes each site with its shape', () => {
    const noted = options('tumour.');
    dropout(input('x', [2, 3]), 'attention', noted);
    expect(noted.sites).toEqual([{ name: 'dropout.tumour.attention', shape: [2, 3], rate: RATE }]);
  });
});

describe('AlphaDropout', () => {
  test('has the constants of Klambauer et al.: a = (q + α′²q(1−q))^−½, b = −a(1−q)α′, α′ = −λα', () => {
    const [lambda, alpha] = [1.0507009873554805, 1.6732632423543772];
    for (const rate of [0.05, 0.1, 0.5]) {
      const q = 1 - rate;
      const dropped = -lambda * alpha;
      const a = (q + dropped ** 2 * q * (1 - q)) ** -0.5;
      expect(alphaDropoutConstants(rate).a).toBeCloseTo(a, 12);
      expect(alphaDropoutConstants(rate).b).toBeCloseTo(-a * (1 - q) * dropped, 12);
    }
    expect(alphaDropoutConstants(0.1)).toEqual({ a: expect.closeTo(0.9212845, 7), b: expect.closeTo(0.161971, 6) });
  });

  test('keeps mean 0 and variance 1, and sets what it drops to one value', async () => {
    const x = normals('x', N);
    const y = alphaDropout(constant(x), 'site', options());
    const out = await evaluateGraph({ y }, { 'dropout.site': mask });
    expect(Math.abs(mean(out.y))).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(variance(out.y) - 1)).toBeLessThan(0.02);
    const { a, b } = alphaDropoutConstants(RATE);
    const droppedTo = a * -1.7580993408473766 + b;
    expect(largestDifference(out.y, (i) => (mask[i] === 0 ? droppedTo : a * x[i] + b))).toBeLessThan(1e-5);
  });
});
