import { expect } from 'vitest';
import { key, uniform } from '../../random/counter.js';
import type { PositionBiasWeights } from './weights.js';

/** Uniform on ±scale, a stream for each name. */
export function random(name: string, length: number, scale: number): Float32Array {
  const k = key(1, name);
  return Float32Array.from({ length }, (_, i) => scale * (2 * uniform(k, i) - 1));
}

/** Weights as PyTorch starts them: uniform ±1/√fan_in. */
export function randomWeights(name: string): PositionBiasWeights {
  return {
    w1: random(`${name}/w1`, 64, Math.SQRT1_2),
    b1: random(`${name}/b1`, 32, Math.SQRT1_2),
    w2: random(`${name}/w2`, 1024, Math.sqrt(1 / 32)),
    b2: random(`${name}/b2`, 32, Math.sqrt(1 / 32)),
    w3: random(`${name}/w3`, 32, Math.sqrt(1 / 32)),
    b3: random(`${name}/b3`, 1, Math.sqrt(1 / 32)),
  };
}

/** Largest difference over largest magnitude. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let error = 0;
  let scale = Number.MIN_VALUE;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(got[i])) return NaN;
    error = Math.max(error, Math.abs(got[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return error / scale;
}

/** Bit for bit, which also tells −0 from 0; quicker than toEqual on large arrays. */
export function expectSameBits(got: Float32Array, expected: Float32Array, name = ''): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  expect(Buffer.compare(bytes(got), bytes(expected)), name).toBe(0);
}
