import { permutation } from './counter.js';

/** A permutation of 0…n−1 without a fixed point, drawn from the stream `k`: everybody is handed on to the next in a random circle. */
export function derangement(k: number, n: number): Uint32Array {
  const circle = permutation(k, n);
  const next = new Uint32Array(n);
  circle.forEach((member, place) => (next[member] = circle[(place + 1) % n]!));
  return next;
}
