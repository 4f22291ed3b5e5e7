import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { positionBiasExactly } from '../../verification/exact-bias.js';
import { plainDropoutMask } from '../dropout.js';
import type { AttentionGradients, AttentionInputs } from './attention.js';
import { createKernels, type Kernels } from './kernels.js';
import type { Grid } from './keys.js';
import { expectSameBits, random, randomWeights, relativeError } from './testing.test.helper.js';
import type { PositionBiasWeights } from './weights.js';

let all: Kernels[]; // at one thread, the calling one, at two and at four

beforeAll(async () => {
  all = await Promise.all([1, 2, 4].map((threads) => createKernels({ threads })));
});

afterAll(async () => {
  await Promise.all(all.map((kernels) => kernels.close()));
});

const names = ['fused', 'keys', 'values', 'points', 'w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;

/** Attention and its gradients in float64, query by query and key by key. */
function attentionExactly(
  { fused, keys, values, points, dropout }: AttentionInputs,
  grid: Grid,
  weights: PositionBiasWeights,
  upstream: Float32Array,
): { out: Float64Array; gradients: Record<(typeof names)[number], Float64Array> } {
  const N = grid.side ** 2;
  const M = grid.kvPoints;
  const P = points.length / 2 / M;
  const mask = new Float32Array(P * N * M).fill(1);
  dropout?.keys.forEach((k, b) => {
    plainDropoutMask(mask.subarray(b * 8 * N * M, (b + 1) * 8 * N * M), k, 1 - dropout.rate);
  });
  const { bias } = positionBiasExactly(points, grid, weights, new Float64Array(mask.length));
  const out = new Float64Array(fused.length);
  const [dFused, dKeys, dValues] = [fused, keys, values].map(({ length }) => new Float64Array(length));
  const dBias = new Float64Array(bias.length);
  for (let pq = 0; pq < P * N; pq++) {
    const group = Math.floor(pq / N);
    const token = (Math.floor(group / 8) * N + (pq % N)) * 128 + (group % 8) * 16;
    const dot = (a: Float32Array, at: number, b: Float32Array, bt: number) => {
      let sum = 0;
      for (let d = 0; d < 16; d++) sum += a[at + d] * b[bt + d];
      return sum;
    };
    const row = Array.from({ length: M }, (_, j) => j);
    const logits = row.map((j) => bias[pq * M + j] + dot(fused, token, keys, (group * M + j) * 16));
    const largest = Math.max(...logits);
    const total = logits.reduce((sum, l) => sum + Math.exp(l - largest), 0);
    const p = logits.map((l) => Math.exp(l - largest) / total);
    const dA = row.map((j) => mask[pq * M + j] * dot(upstream, token, values, (group * M + j) * 16));
    const inner = row.reduce((sum, j) => sum + p[j] * dA[j], 0);
    for (const j of row) {
      const key = (group * M + j) * 16;
      const dLogit = p[j] * (dA[j] - inner);
      dBias[pq * M + j] = dLogit;
      for (let d = 0; d < 16; d++) {
        out[token + d] += p[j] * mask[pq * M + j] * values[key + d];
        dFused[token + d] += dLogit * keys[key + d];
        dKeys[key + d] += dLogit * fused[token + d];
        dValues[key + d] += p[j] * mask[pq * M + j] * upstream[token + d];
      }
    }
  }
  const { gradients } = positionBiasExactly(points, grid, weights, dBias);
  return { out, gradients: { fused: dFused, keys: dKeys, values: dValues, ...gradients } };
}

async function computed(
  kernels: Kernels,
  inputs: AttentionInputs,
  grid: Grid,
  weights: PositionBiasWeights,
  upstream: Float32Array,
): Promise<{ out: Float32Array; gradients: AttentionGradients }> {
  const outputs = {
    out: new Float32Array(inputs.fused.length),
    kept: new Float32Array((inputs.points.length / grid.kvPoints) * grid.side ** 2),
  };
  await kernels.attend(inputs, grid, weights, outputs);
  const { fused, keys, values, points } = inputs;
  const gradients = Object.fromEntries(
    Object.entries({ fused, keys, values, points, ...weights }).map(([name, { length }]) => [
      name,
      new Float32Array(length),
    ]),
  ) as unknown as AttentionGradients;
  await kernels.attendGradients(inputs, grid, weights, outputs, upstream, gradients);
  return { out: outputs.out, gradients };
}

function randomInputs(samples: number, { side, kvPoints }: Grid, rate: number): AttentionInputs {
  return {
    fused: random('fused', samples * side ** 2 * 128, 1),
    keys: random('keys', samples * 8 * kvPoints * 16, 1),
    values: random('values', samples * 8 * kvPoints * 16, 1),
    points: random('points', samples * 8 * kvPoints * 2, 1.3),
    dropout: rate > 0 ? { keys: Uint32Array.from({ length: samples }, (_, b) => 0xdeadbeef + b), rate } : undefined,
  };
}

describe('attention with the position bias inside', () => {
  it.each([
    { side: 6, kvPoints: 1, samples: 1, rate: 0 },
    { side: 7, kvPoints: 5, samples: 3, rate: 0.1 },
    { side: 33, kvPoints: 3, samples: 1, rate: 0.5 }, // a group is two tasks
    { side: 66, kvPoints: 2, samples: 1, rate: 0.1 }, // a row is two tiles
  ])('agrees with float64: side $side, $kvPoints keys, $samples samples, dropout $rate', async (size) => {
    const inputs = randomInputs(size.samples, size, size.rate);
    const weights = randomWeights('attention');
    const upstream = random('upstream', inputs.fused.length, 1);
    const exact = attentionExactly(inputs, size, weights, upstream);
    const [{ out, gradients }, ...others] = await Promise.all(
      all.map((kernels) => computed(kernels, inputs, size, weights, upstream)),
    );
    expect(relativeError(out, exact.out), 'out').toBeLessThan(1e-6);
    for (const name of names) {
      // The logits' gradients cancel in b₃ and, where there is one key, in all but the values.
      if (name === 'b3' || (size.kvPoints === 1 && name !== 'values')) continue;
      expect(relativeError(gradients[name], exact.gradients[name]), name).toBeLessThan(5e-6);
    }
    for (const other of others) {
      expectSameBits(other.out, out, 'out');
      for (const name of names) expectSameBits(other.gradients[name], gradients[name], name);
    }
  });

  it('of more samples than stand in memory at a time is that of each sample', async () => {
    const grid = { side: 50, kvPoints: 4 };
    const samples = 16;
    const inputs = randomInputs(samples, grid, 0);
    const weights = randomWeights('attention');
    const upstream = random('upstream', inputs.fused.length, 1);
    const whole = await computed(all[1], inputs, grid, weights, upstream);
    const last = (array: Float32Array) => array.subarray(((samples - 1) * array.length) / samples);
    const own = { ...inputs, fused: last(inputs.fused), keys: last(inputs.keys), values: last(inputs.values) };
    const one = await computed(all[0], { ...own, points: last(inputs.points) }, grid, weights, last(upstream));
    expectSameBits(last(whole.out), one.out);
    for (const name of ['fused', 'keys', 'values'] as const)
      expectSameBits(last(whole.gradients[name]), one.gradients[name], name);
  });

  it('an input that is not finite makes everything NaN', async () => {
    const grid = { side: 6, kvPoints: 1 };
    const inputs = randomInputs(1, grid, 0);
    inputs.points[3] = NaN;
    const { out, gradients } = await computed(all[0], inputs, grid, randomWeights('nan'), inputs.fused);
    expect(out.every(Number.isNaN)).toBe(true);
    for (const name of names) expect(gradients[name].every(Number.isNaN), name).toBe(true);
  });
});
