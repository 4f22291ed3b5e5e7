import { describe, expect, it } from 'vitest';
import type { Bag } from '../cohort/types.js';
import { normal } from '../random/counter.js';
import { joinPatches, kindColumns, learnCodebook, patchesOf } from './patch-kinds.js';

/** A slide of side × side patches; the feature of a patch of kind k is k tens, and noise, in every column. */
function slide(kinds: readonly (readonly number[])[], stream: number, width = 2): Bag {
  const flat = kinds.flat();
  const side = kinds[0].length;
  return {
    patches: flat.length,
    width,
    unit: 'pixels',
    features: Float32Array.from({ length: flat.length * width }, (_, i) => {
      return 10 * flat[Math.floor(i / width)] + 0.1 * normal(stream, i);
    }),
    coordinates: Int32Array.from(flat.flatMap((_, i) => [256 * (i % side), 256 * Math.floor(i / side)])),
  };
}

const HALVES = [0, 1, 2, 3].map(() => [0, 0, 1, 1]);
const BOARD = [0, 1, 2, 3].map((row) => [0, 1, 2, 3].map((column) => (row + column) % 2));

describe.each([2, 200])('kinds of patches of features %i wide', (width) => {
  const patients = [HALVES, BOARD].map((kinds, i) => patchesOf(slide(kinds, i, width)));
  const book = learnCodebook(patients, 1, 2);

  it('are those that the slides are made of', () => {
    const [halves, board] = patients.map((patches) => kindColumns(patches, book));
    expect([...halves.slice(0, 2), ...board.slice(0, 2)]).toEqual([0.5, 0.5, 0.5, 0.5]);
    // Of 64 pairs 16, 32 and 16 are expected. On a chessboard the four nearest of a patch inside are of the other kind.
    const [own, mixed] = [halves, board].map((columns) => [columns[2], columns[3], columns[4]]);
    expect(own[0]).toBeGreaterThan(0.3);
    expect(own[1]).toBeLessThan(-0.3);
    expect(mixed[0]).toBeLessThan(0);
    expect(mixed[1]).toBeGreaterThan(0);
  });
});

describe('the columns of a patient', () => {
  it('count what a hand counts', () => {
    // Three patches in a row, kinds 0 0 1: each has the two others as neighbours. Pairs 00: 2, 01: 4, 11: 0 of 6.
    const patches = patchesOf(slide([[0, 0, 1]], 5));
    const book = { kinds: 2, centres: Float64Array.of(0, 0, 10, 10) };
    const expected = [2 / 3, 1 / 3, ...[2.5 / (24 / 9 + 0.5), 4.5 / (24 / 9 + 0.5), 0.5 / (6 / 9 + 0.5)].map(Math.log)];
    kindColumns(patches, book).forEach((value, j) => {
      expect(value).toBeCloseTo(expected[j], 6);
    });
  });

  it('are those of all slides together, and no patch of one is the neighbour of one of another', () => {
    const [one, other] = [patchesOf(slide([[0, 0, 1]], 5)), patchesOf(slide([[1, 1, 1]], 6))];
    const both = joinPatches([one, other]);
    expect(both.neighbours).toEqual(Uint32Array.from([...one.neighbours, ...other.neighbours.map((row) => row + 3)]));
    const columns = kindColumns(both, { kinds: 2, centres: Float64Array.of(0, 0, 10, 10) });
    expect(columns[0]).toBeCloseTo(1 / 3, 6);
  });

  it('without coordinates are proportions alone', () => {
    const patches = patchesOf({ ...slide(HALVES, 3), coordinates: undefined });
    const columns = kindColumns(patches, learnCodebook([patches], 1, 2));
    expect([...columns]).toEqual([0.5, 0.5, 0, 0, 0]);
  });
});

it('a codebook is the same for the same seed, and has no more kinds than there are different patches', () => {
  const patches = patchesOf(slide(BOARD, 4));
  expect(learnCodebook([patches], 7, 3)).toEqual(learnCodebook([patches], 7, 3));
  const same = { ...patches, features: new Float32Array(32).fill(1) };
  expect(learnCodebook([same], 1, 12).kinds).toBe(1);
});
