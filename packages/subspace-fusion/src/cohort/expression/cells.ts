import type { Problem } from '../../files/errors.js';
import { isMissing } from '../../files/table.js';
import { hasThousandsCommas, watchThousands } from '../../files/thousands.js';

/** What can be wrong with a cell. Empty is one that a model needs. */
type Wrong = 'empty' | 'comma' | 'thousands' | 'large' | 'word';

/** All cells with which the same is wrong, as far as a message shows them. */
interface BadCells {
  count: number;
  /** Lines that hold some. */
  lines: number;
  readonly firstLines: number[];
  lastLine: number;
  readonly first: { readonly text: string; readonly line: number; readonly column: string; readonly gene: string };
  readonly examples: string[];
}

/** A text as the number in single precision that a model reads; collects the cells that hold none. */
export interface CellCheck {
  /** The cell's number; NaN where it is empty, Infinity where it holds something else. */
  readonly read: (text: string, gene: string, line: number, column: string) => number;
  /** One problem for each way of being wrong. */
  readonly problems: (file: string) => Problem[];
}

const LINES = 100;
const EXAMPLES = 3;

/** 128,98 and 1.024,5. */
const COMMA = /^[-+]?[\d.]*(,\d+)+(e[-+]?\d+)?$/i;

/** @param isNeeded Whether a model needs a gene: an empty cell of another one is no problem. */
export function checkCells(isNeeded: (gene: string) => boolean): CellCheck {
  const bad = new Map<Wrong, BadCells>();
  const separated = new Map<Wrong, BadCells>();
  const { mayBeThousands, areThousands } = watchThousands();
  const read: CellCheck['read'] = (text, gene, line, column) => {
    const value = text === '' || isHexadecimal(text) ? NaN : Math.fround(Number(text));
    if (Number.isFinite(value)) {
      if (mayBeThousands(text)) note(separated, 'thousands', { text, gene, line, column });
      return value;
    }
    const wrong = whatIsWrong(text);
    if (wrong !== 'empty' || isNeeded(gene)) note(bad, wrong, { text, gene, line, column });
    return wrong === 'empty' ? NaN : Infinity;
  };
  const problems: CellCheck['problems'] = (file) =>
    [...(areThousands() ? separated : []), ...bad].map(([wrong, cells]) => badCellsProblem(file, wrong, cells));
  return { read, problems };
}

/** What JavaScript takes for a number besides decimal ones: 0x1F, 0b1, 0o7. */
const isHexadecimal = (text: string): boolean => text.charCodeAt(1) > 0x40 && /^0[xbo]/i.test(text);

function whatIsWrong(text: string): Wrong {
  if (isMissing(text)) return 'empty';
  if (hasThousandsCommas(text)) return 'thousands';
  if (COMMA.test(text)) return 'comma';
  return Number.isFinite(Number(text)) && !isHexadecimal(text) ? 'large' : 'word';
}

function note(
  bad: Map<Wrong, BadCells>,
  wrong: Wrong,
  { text, line, column, gene }: { text: string; line: number; column: string; gene: string },
): void {
  let cells = bad.get(wrong);
  if (!cells) {
    const none = { count: 0, lines: 0, firstLines: [], lastLine: 0, examples: [] };
    bad.set(wrong, (cells = { ...none, first: { text, line, column, gene } }));
  }
  cells.count++;
  if (line !== cells.lastLine) {
    cells.lines++;
    if (cells.firstLines.length < LINES) cells.firstLines.push(line);
    cells.lastLine = line;
  }
  const example = wrong === 'word' ? `${text} in column ${column}` : wrong === 'empty' ? gene : text;
  if (cells.examples.length < EXAMPLES && !cells.examples.includes(example)) cells.examples.push(example);
}

/** Words for one cell, for several, and what to do. */
const WORDS: {
  readonly [W in Wrong]: { readonly one: (text: string) => string; readonly several: string; readonly remedy: string };
} = {
  empty: {
    one: () => 'is empty',
    several: 'of genes of the gene sets are empty',
    remedy: 'Fill in the values, or take the genes out of the gene sets',
  },
  comma: {
    one: (text) => `holds '${text}', a number with a decimal comma`,
    several: 'hold numbers with a decimal comma',
    remedy: 'Write them with a decimal point, and without separators of thousands',
  },
  thousands: {
    one: (text) => `holds '${text}', a number with separators of thousands`,
    several: 'hold numbers with separators of thousands',
    remedy: 'Write them without: 1234.5 for 1,234.5 or 1.234,5',
  },
  large: {
    one: (text) => `holds '${text}', which is too large for a number in single precision (float32)`,
    several: 'hold numbers that are too large for single precision (float32)',
    remedy: 'Correct the values: no expression is above 3.4e38',
  },
  word: {
    one: (text) => `holds '${text}', which is not a number`,
    several: 'hold no number',
    remedy: 'Correct them, or delete the rows or columns that are no genes',
  },
};

function badCellsProblem(file: string, wrong: Wrong, cells: BadCells): Problem {
  const { count, lines, firstLines: rows, lastLine: lastRow, first, examples } = cells;
  const { one, several, remedy } = WORDS[wrong];
  const single = { severity: 'error', file, row: first.line, remedy } as const;
  if (count === 1) {
    const message = `the cell in column '${first.column}' ${one(first.text)}`;
    return {
      ...single,
      message,
      ...(wrong === 'empty' && { remedy: `Fill it in, or take '${first.gene}' out of the gene set` }),
    };
  }
  const message = `${count} cells ${several}`;
  return { ...single, message, examples, ...(lines > 1 && { count: lines, rows, lastRow }) };
}
