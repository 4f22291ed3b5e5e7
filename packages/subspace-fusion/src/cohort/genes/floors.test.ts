import { describe, expect, it } from 'vitest';
import { floorGenes } from './floors.js';

/** Genes that are floors of one of two sites of `size` patients: by gene, the lowest values of the first site; all others differ. */
function floors(size: number, lowest: readonly (readonly number[])[]): string[] {
  const patients = Array.from({ length: 2 * size }, (_, p) => `P${p}`);
  const values = patients.flatMap((_, p) => lowest.map((own, g) => own[p] ?? 1000 + 100 * p + g));
  const genes = lowest.map((_, g) => `G${g}`);
  const site = new Map(patients.map((id, p) => [id, p < size ? 'a' : 'b']));
  return floorGenes({ patients, genes, values: Float32Array.from(values) }, site);
}
const times = (n: number, value: number) => Array.from({ length: n }, () => value);

describe('a floor', () => {
  it('is no value that two patients of a small site share by chance, nor three of fifteen', () => {
    expect(floors(10, [[48, 48], [54, 54], [53, 53], [70, 70]])).toEqual([]); // prettier-ignore
    expect(floors(15, [[48, 48, 48], []])).toEqual([]);
  });

  it('is one that many share, in one gene too', () => {
    expect(floors(10, [times(5, 0), []])).toEqual(['G0']);
    expect(floors(100, [times(30, -9.97), [], times(2, 5)])).toEqual(['G0']);
  });

  it('is one of two patients that recurs in many genes and is rare in the other site', () => {
    const sevenTimes = Array.from({ length: 7 }, () => [0, 0]);
    expect(floors(10, [...sevenTimes, [48, 48]])).toEqual(['G0', 'G1', 'G2', 'G3', 'G4', 'G5', 'G6']);
    const elsewhere = Array.from({ length: 20 }, () => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0]);
    expect(floors(10, [...sevenTimes, ...elsewhere])).toEqual([]);
  });
});
