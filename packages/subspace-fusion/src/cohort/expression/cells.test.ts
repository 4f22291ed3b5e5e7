import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../files/errors.js';
import { checkCells } from './cells.js';

/** What is said of cells that stand in the lines from 2 on. */
function said(texts: readonly string[], isNeeded = true): string[] {
  const cells = checkCells(() => isNeeded);
  texts.forEach((text, i) => cells.read(text, `G${i}`, i + 2, 'P1'));
  return cells.problems('m.csv').map(formatProblem);
}

describe('cells that are wrong', () => {
  it('are one problem of a kind, with count, examples and rows', () => {
    expect(said(['1,5', '2', '1.024,75', '-0,1e3', '12,5'])).toEqual([
      "m.csv, rows 2, 4, 5 and 6: 4 cells hold numbers with a decimal comma ('1,5', '1.024,75', '-0,1e3', …). Write them with a decimal point, and without separators of thousands.",
    ]);
    expect(said(['x', '1', 'Inf'])).toEqual([
      expect.stringMatching(/rows 2 and 4: 2 cells hold no number \('x in column P1'/),
    ]);
    expect(said(['1e39'])).toEqual([
      expect.stringMatching(/row 2: the cell in column 'P1' holds '1e39', which is too large/),
    ]);
    expect(said(['', 'NA'])).toEqual([
      expect.stringMatching(/2 cells of genes of the gene sets are empty \('G0', 'G1'\)/),
    ]);
    expect(said(['', 'NA'], false)).toEqual([]);
  });

  it('are none of those that single precision holds', () => {
    expect(said(['3.4e38', '-1e-50', '0', ' 7 ', '1e5'])).toEqual([]);
    expect(checkCells(() => true).read('0.1', 'G', 2, 'P1')).toBe(Math.fround(0.1));
  });
});
