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

  it('have separators of thousands, which make 1.234 of 1234 where a spreadsheet wrote them', () => {
    expect(said(['1.234', '567', '12.345', '8', '1.000', '2.100', '0'])).toEqual([
      "m.csv, rows 2, 4, 6 and 7: 4 cells hold numbers with separators of thousands ('1.234', '12.345', '1.000', …). Write them without: 1234.5 for 1,234.5 or 1.234,5.",
    ]);
    expect(said(['1,234.5', '1,234,567', '3'])).toEqual([
      expect.stringMatching(/rows 2 and 3: 2 cells hold numbers with separators of thousands/),
    ]);
    // Three decimals, of which some numbers have fewer, none or a zero before the point.
    expect(said(['1.234', '567', '12.345', '1.002', '2.104', '3.1'])).toEqual([]);
    expect(said(['1.234', '567', '12.345', '1.002', '2.104', '0.125'])).toEqual([]);
    expect(said(['1.234', '567', '12.345', '1.002', '2.104', '1500'])).toEqual([]);
    expect(said(['1.234', '5.670', '12.345', '1.002', '2.104'])).toEqual([]);
  });

  it('are hexadecimal, which no table of numbers is', () => {
    expect(said(['1', '0x1F', '0'])).toEqual([expect.stringMatching(/row 3: .* holds '0x1F', which is not a number/)]);
  });

  it('are none of those that single precision holds', () => {
    expect(said(['3.4e38', '-1e-50', '0', ' 7 ', '1e5'])).toEqual([]);
    expect(checkCells(() => true).read('0.1', 'G', 2, 'P1')).toBe(Math.fround(0.1));
  });
});
