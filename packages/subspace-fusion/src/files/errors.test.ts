import { expect, test } from 'vitest';
import { formatProblem, groupProblems, InputError, type Problem } from './errors.js';

const age = (row: number, cell: string): Problem => ({
  severity: 'error',
  file: 'clinical.csv',
  row,
  message: 'the age is no number',
  examples: [cell],
  remedy: 'Write years',
});

test('Problems of one kind are one line with a count, three examples and the rows', () => {
  const cells = ['>89', '90+', '>89', 'old', 'unclear', '54 years'];
  const [one, ...others] = groupProblems(cells.map((cell, i) => age(3 + 2 * i, cell)));
  expect(others).toEqual([]);
  expect(one).toMatchObject({ row: 3, count: 6, rows: [3, 5, 7, 9, 11, 13], lastRow: 13 });
  expect(formatProblem(one)).toBe(
    "clinical.csv, rows 3, 5, 7 and 3 more: the age is no number ('>89', '90+', 'old', …). Write years.",
  );
});

test('A kind that is there once stays as it is', () => {
  const problem = age(4, '>89');
  expect(groupProblems([problem])).toEqual([problem]);
  expect(formatProblem(problem)).toBe("clinical.csv, row 4: the age is no number ('>89'). Write years.");
});

test('Another file, row, message or severity is another kind, and kinds keep their order', () => {
  const problems = [
    age(2, 'x'),
    { ...age(3, 'y'), file: 'other.csv' },
    { ...age(4, 'z'), severity: 'warning' as const },
  ];
  expect(groupProblems(problems)).toEqual(problems);
});

test('Rows in a row are a range, and few are listed', () => {
  const rows = (...of: number[]) => formatProblem(groupProblems(of.map((row) => age(row, 'x')))[0]).split(':')[0];
  expect(rows(2, 3, 4, 5, 6)).toBe('clinical.csv, rows 2 to 6');
  expect(rows(2, 9)).toBe('clinical.csv, rows 2 and 9');
  expect(rows(2, 9, 11, 20)).toBe('clinical.csv, rows 2, 9, 11 and 20');
});

test('Hundreds of thousands of problems are grouped, with the first hundred rows, and groups are grouped again', () => {
  const many = Array.from({ length: 290_000 }, (_, i) => age(i + 2, String(i)));
  const { problems, message } = new InputError(groupProblems([...groupProblems(many), age(290_002, '7')]));
  expect(message).toBe("clinical.csv, rows 2 to 290002: the age is no number ('0', '1', '2', …). Write years.");
  expect(problems[0].rows).toHaveLength(100);
  expect(problems[0].count).toBe(290_001);
});

test('What a terminal would obey is shown instead, and each sentence ends with one mark', () => {
  const line = formatProblem({
    ...age(2, '\u001b[31mred\u202e\n'),
    message: 'is the slide empty?',
    file: 'a\nb.csv',
    remedy: 'Look at it.',
  });
  expect(line).toBe(String.raw`a\nb.csv, row 2: is the slide empty? ('\u001b[31mred\u202e\n'). Look at it.`);
});
