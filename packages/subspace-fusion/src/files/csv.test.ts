import { expect, test } from 'vitest';
import { parse } from 'csv-parse/sync';
import { csvText } from './csv.js';

test('cells with commas, quotes and line ends are read back as they were', () => {
  const rows = [
    ['a', 'b,c', 'say "x"', 'two\nlines'],
    ['1', '', '-0.5', '1e-7'],
  ];
  expect(parse(csvText(rows))).toEqual(rows);
  expect(csvText([['x', undefined, -1.5, 0]])).toBe('x,,-1.5,0\n');
});

test.each(['=1+1', '+SUM(A1)', '-cmd|x', '@A1', '\t=1', '\r=1', '＝1+1', '=HYPERLINK("http://x","y")', '-'])(
  'a spreadsheet shows %j and does not compute it',
  (cell) => {
    expect(parse(csvText([[cell, 'x']]))).toEqual([[`'${cell}`, 'x']]);
  },
);

test('numbers and names with such letters inside stay', () => {
  const cells = ['-1', '+2.5', '-1e-7', 'a-b', 'x=1', 'IDH-mutant', 'a@b'];
  expect(csvText([cells])).toBe(`${cells.join(',')}\n`);
});
