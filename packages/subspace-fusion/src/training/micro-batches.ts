/** Tokens that go through the network at once where nothing else is asked: one bag of the paper's size. */
const TOKENS_AT_ONCE = 2500;

/** Samples of so many tokens that go through the network at once by default. */
export function defaultMicroBatch(tokens: number): number {
  return Math.max(1, Math.floor(TOKENS_AT_ONCE / tokens));
}

/**
 * 0 … n in parts of at most `atMost` samples and nearly equal size. All of one size, where less than twice as many parts
 * allow that: each size needs programs of its own.
 */
export function evenParts(n: number, atMost: number): (readonly [number, number])[] {
  const fewest = Math.ceil(n / atMost);
  const parts = Array.from({ length: fewest }, (_, i) => fewest + i).find((count) => n % count === 0) ?? fewest;
  const start = (i: number) => Math.floor((i * n) / parts);
  return Array.from({ length: parts }, (_, i) => [start(i), start(i + 1)] as const);
}

/** The part of a batch's array that is about its samples `from` … `to`, of B. */
export function rowsOf(array: Float32Array, B: number, from: number, to: number): Float32Array {
  return array.subarray((from * array.length) / B, (to * array.length) / B);
}

/** sum ← sum + part */
export function accumulate(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i] + part[i];
}
