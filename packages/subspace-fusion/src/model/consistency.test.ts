import { input } from 'onnx-autodiff';
import { describe, expect, test } from 'vitest';
import { evaluateGraph, gradientTwice, normals } from '../testing/graph.js';
import { consistency, type ConsistencyForm } from './losses.js';

const W = 128;
const G = 8;

async function lossOf(v: Float32Array, vgrid: Float32Array, B: number, form: ConsistencyForm): Promise<number> {
  const k = Math.sqrt(vgrid.length / (B * G * 2));
  const loss = consistency(input('v', [B, W]), input('vgrid', [B * G, 2, k, k]), form);
  return (await evaluateGraph({ loss }, { v, vgrid })).loss[0];
}

/** Gene codes that are the given unit axes, one a sample. */
const axes = (...which: number[]) =>
  Float32Array.from({ length: which.length * W }, (_, i) => (i % W === which[Math.floor(i / W)] ? 2 : 0));

/** docs/method.md section 3 as plain loops in float64, for the grouping that is meant. */
function byLoops(v: Float32Array, vgrid: Float32Array, B: number): number {
  const rows = (vectors: readonly Float32Array[]) =>
    vectors.map((a) => {
      const row = vectors.map((b) => a.reduce((t, x, i) => t + x * b[i], 0));
      const length = Math.hypot(...row);
      return row.map((x) => (length === 0 ? 0 : x / length));
    });
  const D = vgrid.length / (B * G);
  const A = rows(Array.from({ length: B }, (_, b) => v.subarray(b * W, (b + 1) * W)));
  const groups = Array.from({ length: G }, (_, g) =>
    rows(Array.from({ length: B }, (_, b) => vgrid.subarray((b * G + g) * D, (b * G + g + 1) * D))),
  );
  let total = 0;
  for (let i = 0; i < B; i++)
    for (let j = 0; j < B; j++) total += (A[i][j] - groups.reduce((t, R) => t + R[i][j], 0) / G) ** 2;
  return total / B;
}

describe('gene-guided consistency', () => {
  const ones = new Float32Array(2 * G * 2).fill(1); // B = 2, k = 1: all keys at one place

  test('alike in genes and in places: 0', async () => {
    expect(await lossOf(axes(3, 3), ones, 2, 'corrected')).toBeCloseTo(0, 6);
  });

  test('other genes, the same places: A = 1, Ā = 1/√2 everywhere', async () => {
    const byHand = (2 * ((1 - Math.SQRT1_2) ** 2 + 0.5)) / 2;
    expect(await lossOf(axes(3, 4), ones, 2, 'corrected')).toBeCloseTo(byHand, 5);
    expect(byHand).toBeCloseTo(0.585786, 6);
  });

  test('the published form mixes samples and groups', async () => {
    // Sample 0 places its keys at (1, 1), sample 1 at (1, −1): orthogonal, as their genes are.
    const vgrid = ones.map((x, i) => (i >= 2 * G && i % 2 === 1 ? -x : x));
    expect(await lossOf(axes(3, 4), vgrid, 2, 'corrected')).toBeCloseTo(0, 6);
    // Cut in 8 as it lies, its "groups" hold two groups of one sample: equal vectors.
    expect(await lossOf(axes(3, 4), vgrid, 2, 'reference')).toBeCloseTo(0.585786, 5);
  });

  test('agrees with plain loops on random codes and places', async () => {
    const B = 5;
    const [v, vgrid] = [normals('v', B * W), normals('vgrid', B * G * 2 * 4)];
    expect(await lossOf(v, vgrid, B, 'corrected')).toBeCloseTo(byLoops(v, vgrid, B), 5);
  });

  test('a gene code of zeros is a row of zeros, with a gradient without NaN', async () => {
    const v = axes(3, 4);
    v.fill(0, 0, W);
    const loss = await lossOf(v, ones, 2, 'corrected');
    expect(loss).toBeCloseTo(byLoops(v, ones, 2), 6);
    expect(loss).toBeCloseTo((0.5 + 0.5 + 0.5 + (1 - Math.SQRT1_2) ** 2) / 2, 5);
    const vgrid = input('vgrid', [2 * G, 2, 1, 1]);
    const { graph } = await gradientTwice(
      (x) => consistency(x, vgrid, 'corrected'),
      { shape: [2, W], data: v },
      { vgrid: ones },
    );
    expect(graph.every(Number.isFinite)).toBe(true);
  });

  test.each(['corrected', 'reference'] as const)(
    'the gradients of the %s form agree with central differences',
    async (form) => {
      const B = 3;
      const [v, vgrid] = [normals('v', B * W), normals('vgrid', B * G * 2)];
      const places = await gradientTwice(
        (x) => consistency(input('v', [B, W]), x, form),
        { shape: [B * G, 2, 1, 1], data: vgrid },
        { v },
        1e-2,
      );
      places.graph.forEach((g, i) => expect(Math.abs(g - places.differences[i])).toBeLessThan(2e-4));
      expect(Math.max(...places.graph)).toBeGreaterThan(1e-3);
      const codes = await gradientTwice(
        (x) => consistency(x, input('vgrid', [B * G, 2, 1, 1]), form),
        { shape: [B, W], data: v },
        { vgrid },
        1e-1,
      );
      codes.graph.forEach((g, i) => expect(Math.abs(g - codes.differences[i])).toBeLessThan(2e-4));
      expect(Math.max(...codes.graph)).toBeGreaterThan(1e-3);
    },
  );
});
