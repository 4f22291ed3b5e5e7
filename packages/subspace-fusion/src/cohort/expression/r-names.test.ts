import { expect, it } from 'vitest';
import { rSpellings } from './r-names.js';

it('finds names behind those that R writes, either way round, and none where it may be several', () => {
  const find = rSpellings(['HLA-DRA', '7SK', 'NKX2.2', '1956', 'A-B', 'A_B', 'C-D', 'C D', 'EGFR']);
  expect(
    ['HLA.DRA', 'X7SK', 'NKX2-2', 'X1956', 'A.B', 'C.D', 'EGFR', 'HLA_DRA', 'HLA/DRA', 'X.EGFR'].map(find),
  ).toEqual(
    ['HLA-DRA', '7SK', 'NKX2.2', '1956', 'A-B', undefined, undefined, undefined, undefined, undefined], // prettier-ignore
  );
});
