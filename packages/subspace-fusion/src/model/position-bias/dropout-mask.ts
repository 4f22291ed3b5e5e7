import { bits } from '../../random/counter.js';

/**
 * The inverted dropout mask in plain TypeScript, the witness of `Sweep.dropoutMask`: element i is 1/keep where draw i of the stream
 * `key` is below keep, else 0.
 */
export function dropoutMaskReference(out: Float32Array, key: number, keepProbability: number): void {
  for (let i = 0; i < out.length; i++) out[i] = bits(key, i) < keepProbability * 2 ** 32 ? 1 / keepProbability : 0;
}
