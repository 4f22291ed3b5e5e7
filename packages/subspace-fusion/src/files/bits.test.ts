import { expect, test } from 'vitest';
import { bitsHash } from './bits.js';

function digest(...pieces: readonly (readonly number[])[]): string {
  const hash = bitsHash();
  for (const piece of pieces) hash.add(Float32Array.from(piece));
  return hash.digest();
}

test('The hash is of the numbers and their order, not of the pieces in which they come', () => {
  expect(digest([1, 2, 3])).toBe(digest([1], [2, 3]));
  const different = [
    [1, 2, 3],
    [1, 3, 2],
    [1, 2, 3, 0],
    [0, 1, 2, 3],
    [1, 2, -3],
    [1, 2, 3 + 2 ** -22],
  ];
  expect(new Set(different.map((numbers) => digest(numbers))).size).toBe(different.length);
});

test('The hash tells numbers of half precision apart, whose lower bits are all zero', () => {
  const digests = Array.from({ length: 20_000 }, (_, i) =>
    digest([1, 1 + (i % 1000) / 1024, 1 + Math.floor(i / 1000) / 1024]),
  );
  expect(new Set(digests).size).toBe(20_000);
});
