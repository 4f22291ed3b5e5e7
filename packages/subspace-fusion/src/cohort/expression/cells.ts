import { isMissing } from '../missing.js';
import { counted, type Problem } from '../problems.js';

/** The cells of one gene that hold no number: the first, and how many there are. */
interface BadCells {
  readonly line: number;
  readonly column: string;
  readonly text: string;
  count: number;
}

/** Cells that hold no number, by gene: words always count, empty cells where a model needs the gene. */
export interface CellCheck {
  /** The cell's number, NaN where there is none. */
  readonly read: (text: string, gene: string, line: number, column: string) => number;
  readonly problems: (file: string) => Problem[];
}

export function checkCells(needed: ReadonlySet<string>): CellCheck {
  const bad = new Map<string, BadCells>();
  const read: CellCheck['read'] = (text, gene, line, column) => {
    const value = text === '' ? NaN : Number(text);
    if (!Number.isFinite(value) && (!isMissing(text) || needed.has(gene))) {
      const before = bad.get(gene);
      if (before) before.count++;
      else bad.set(gene, { line, column, text, count: 1 });
    }
    return value;
  };
  return { read, problems: (file) => [...bad].map(([gene, cells]) => badCellsProblem(file, gene, cells)) };
}

function badCellsProblem(file: string, gene: string, { line, column, text, count }: BadCells): Problem {
  const more = count > 1 ? `, and ${counted(count - 1, 'more cell', 'more cells')} of gene '${gene}'` : '';
  return {
    severity: 'error',
    file,
    row: line,
    message: `the cell in column '${column}' ${isMissing(text) ? 'is empty' : `holds '${text}', which is not a number`}${more}`,
    remedy: isMissing(text)
      ? `Fill it in, or take '${gene}' out of the gene set`
      : 'Correct it, or delete a row or column that is no gene',
  };
}
