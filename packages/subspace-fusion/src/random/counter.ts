/**
 * Counter-based random numbers: every draw is a pure function of a key and a counter, so that a
 * recomputed dropout mask is the same mask and a resumed run goes on bit for bit. No state, no global.
 */

/** Avalanche of 32 bits (the "lowbias32" constants of C. Wellons' hash search). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** FNV-1a of a string's UTF-16 units, to let words take part in a key. */
function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A 32-bit key from a seed and whatever tells this stream from others: `key(seed, 'dropout', step, sample)`. */
export function key(seed: number, ...parts: readonly (number | string)[]): number {
  let k = mix(seed >>> 0);
  for (const part of parts) k = mix((k + 0x9e3779b9 + (typeof part === 'string' ? hashText(part) : part >>> 0)) >>> 0);
  return k;
}

/** 32 random bits: draw number `i` of the stream `k`. */
export function bits(k: number, i: number): number {
  return mix((Math.imul(i, 0x9e3779b1) + k) >>> 0);
}

/** Uniform on [0, 1), 32 bits of resolution: draw number `i` of the stream `k`. */
export function uniform(k: number, i: number): number {
  return bits(k, i) / 4294967296;
}

/** Standard normal (Box-Muller): draw number `i` of the stream `k`. Draws are independent of each other. */
export function normal(k: number, i: number): number {
  const radius = Math.sqrt(-2 * Math.log((bits(k, 2 * i) + 1) / 4294967296));
  return radius * Math.cos(2 * Math.PI * uniform(k, 2 * i + 1));
}

/** A permutation of 0…n−1 (Fisher-Yates) drawn from the stream `k`. */
export function permutation(k: number, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(k, i) * (i + 1));
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  return order;
}

/** A permutation of 0…n−1 without a fixed point, drawn from the stream `k`: everybody is handed on to the next in a random circle. */
export function derangement(k: number, n: number): Uint32Array {
  const circle = permutation(k, n);
  const next = new Uint32Array(n);
  circle.forEach((member, place) => (next[member] = circle[(place + 1) % n]));
  return next;
}
