import { sizeOf } from '../value.js';

/** One float32 argument of a function under test: its shape, and its elements at the point where the function is differentiated. */
export interface Sample {
  readonly shape: readonly number[];
  /** The elements. Arguments of one function differ by their seed. */
  readonly draw: (seed: number) => Float32Array;
}

/** n fixed numbers with 0.05 < |x| < 1.05, without a pattern that a wrong axis or a transposed product could hide behind. */
export function noise(n: number, seed = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const x = Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453;
    const u = 2 * (x - Math.floor(x)) - 1;
    return u + (u < 0 ? -0.05 : 0.05);
  });
}

/** Numbers of both signs, away from 0. */
export function mixed(...shape: number[]): Sample {
  return { shape, draw: (seed) => noise(sizeOf(shape), seed) };
}

/** Numbers of 0.4 to 2.1. */
export function positive(...shape: number[]): Sample {
  return { shape, draw: (seed) => noise(sizeOf(shape), seed).map((x) => 1.25 + 0.8 * x) };
}

/** Multiples of 0.1 in a shuffled order, all different. */
export function distinct(...shape: number[]): Sample {
  return {
    shape,
    draw(seed) {
      const key = noise(sizeOf(shape), seed);
      const order = [...key.keys()].sort((a, b) => key[a] - key[b]);
      const data = new Float32Array(key.length);
      order.forEach((place, i) => {
        data[place] = 0.1 * (i - Math.floor(key.length / 2));
      });
      return data;
    },
  };
}

/** These very numbers. */
export function given(shape: readonly number[], elements: readonly number[]): Sample {
  return { shape, draw: () => Float32Array.from(elements) };
}
