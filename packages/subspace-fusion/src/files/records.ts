/** Separated values (RFC 4180), the way that spreadsheets and scripts really write them. */

/** One row of a text table. */
export interface Row {
  /** Line of the file on which the row ends, from 1; lines inside quotes count, and so do comments. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** What stops the reading: `quote` is one that is never closed or that something follows, `length` a row without an end, `cells` too many of them. */
export class RecordError extends Error {
  override name = 'RecordError';
  constructor(
    readonly kind: 'quote' | 'length' | 'cells',
    readonly line: number,
  ) {
    super(`${kind} in line ${line}`);
  }
}

/** Where reading stands. */
interface State {
  /** Line on which the next row starts. */
  line: number;
  /** Told by the header: whichever of comma, tab and semicolon it has more of. Undefined above it. */
  delimiter: string | undefined;
}

/** What a row may have at most. */
export interface RowLimits {
  readonly characters: number;
  readonly cells: number;
}

/**
 * Rows of text that comes in pieces, separated by commas, tabs or semicolons. A row ends with LF, CRLF or CR; blank lines are left out, and lines
 * before the header that start with #, or in which Excel names the separator (`sep=;`). White space around a cell is cut. A cell that starts with a
 * quote ends with the next single one, and two stand for one; a quote inside any other cell is a letter.
 * @throws {RecordError}
 */
export async function* parseRecords(pieces: AsyncIterable<string>, limits: RowLimits): AsyncGenerator<Row, void> {
  const state: State = { line: 1, delimiter: undefined };
  let text = '';
  let waiting: string[] = [];
  let waits = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    waits += piece.length;
    // A row that goes on is looked at again when there is twice as much of it, not for every piece.
    if (waits < text.length) continue;
    text += waiting.join('');
    [waiting, waits] = [[], 0];
    text = text.slice(yield* wholeRows(text, false, state, limits));
    if (text.length > limits.characters) throw new RecordError('length', state.line);
  }
  yield* wholeRows(text + waiting.join(''), true, state, limits);
}

/** The rows that are whole in `text`; returns where the first one starts that may go on behind it. */
function* wholeRows(text: string, isEnd: boolean, state: State, limits: RowLimits): Generator<Row, number> {
  let at = 0;
  const next = { feed: -1, carriage: -1, quote: -1 };
  while (at < text.length) {
    next.feed = place(text, '\n', at, next.feed);
    next.carriage = place(text, '\r', at, next.carriage);
    const end = Math.min(next.feed, next.carriage);
    // What ends with CR may go on with LF.
    if (!isEnd && end >= text.length - 1 && (end === Infinity || end === next.carriage)) return at;
    const lineEnd = Math.min(end, text.length);
    if (state.delimiter === undefined) {
      const line = text.slice(at, lineEnd);
      const named = SEPARATOR_LINE.exec(line)?.[1];
      if (named === undefined && !isAboveHeader(line)) state.delimiter = delimiterOf(line);
      else {
        state.delimiter = named;
        at = lineEnd + lengthOfEnd(text, lineEnd);
        state.line++;
        continue;
      }
    }
    next.quote = place(text, '"', at, next.quote);
    const { delimiter } = state;
    const row =
      next.quote >= lineEnd
        ? {
            cells: text
              .slice(at, lineEnd)
              .split(delimiter, limits.cells + 1)
              .map(trimmed),
            end: lineEnd,
            line: state.line,
          }
        : quotedRow(text, at, { isEnd, delimiter, firstLine: state.line, limits });
    if (!row) return at;
    if (row.end - at > limits.characters) throw new RecordError('length', row.line);
    if (row.cells.length > limits.cells) throw new RecordError('cells', row.line);
    const isBlank = row.cells.length === 1 && row.cells[0] === '' && next.quote >= lineEnd;
    if (!isBlank) yield { line: row.line, cells: row.cells };
    at = row.end + lengthOfEnd(text, row.end);
    state.line = row.line + 1;
  }
  return at;
}

/** The first place of a letter from `at` on, which is looked for only where the one that is known lies before; Infinity for none. */
function place(text: string, letter: string, at: number, known: number): number {
  if (known >= at) return known;
  const found = text.indexOf(letter, at);
  return found < 0 ? Infinity : found;
}

const lengthOfEnd = (text: string, at: number): number => (text.startsWith('\r\n', at) ? 2 : 1);

/** The line by which Excel says what separates the cells. */
const SEPARATOR_LINE = /^"?sep=([,;\t])"?\s*$/i;

const isAboveHeader = (line: string): boolean => line.startsWith('#') || line.trim() === '';

function count(text: string, letter: string): number {
  let n = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) n++;
  return n;
}

/** What a header separates its cells by: most of what stands outside quotes, a comma where there is none. */
function delimiterOf(header: string): string {
  const outside = header.replace(/"[^"]*"/g, '');
  let most = { delimiter: ',', n: count(outside, ',') };
  for (const delimiter of ['\t', ';']) {
    const n = count(outside, delimiter);
    if (n > most.n) most = { delimiter, n };
  }
  return most.delimiter;
}

/** {@link String.trim}, for which most cells need not even be looked through. */
function trimmed(cell: string): string {
  const isPlain = isPrinted(cell.charCodeAt(0)) && isPrinted(cell.charCodeAt(cell.length - 1));
  return isPlain ? cell : cell.trim();
}

const isPrinted = (code: number): boolean => code > 0x20 && code < 0x7f;

interface Quoted {
  readonly cells: string[];
  /** Place of the line end behind it, and the line. */
  readonly end: number;
  readonly line: number;
}

/** A row with quotes, which may be several lines; undefined where the text ends before it does. */
function quotedRow(
  text: string,
  start: number,
  {
    isEnd,
    delimiter,
    firstLine,
    limits,
  }: { readonly isEnd: boolean; readonly delimiter: string; readonly firstLine: number; readonly limits: RowLimits },
): Quoted | undefined {
  const cells: string[] = [];
  let at = start;
  let line = firstLine;
  const isOver = (letter: string) => letter === delimiter || letter === '\n' || letter === '\r' || letter === '';
  const plain = new RegExp(`[^${delimiter}\\n\\r]*`, 'y');
  for (;;) {
    while (!isOver(text.charAt(at)) && text.charAt(at).trim() === '') at++;
    if (text.charAt(at) === '"') {
      const close = closingQuote(text, at + 1);
      if (close === undefined || (!isEnd && close === text.length - 1)) {
        if (!isEnd) return undefined;
        throw new RecordError(text.length - start > limits.characters ? 'length' : 'quote', line);
      }
      const inside = text.slice(at + 1, close);
      line += lineEnds(inside);
      cells.push(inside.replaceAll('""', '"'));
      at = close + 1;
      while (!isOver(text.charAt(at))) {
        if (text.charAt(at).trim() !== '') throw new RecordError('quote', line);
        at++;
      }
    } else {
      plain.lastIndex = at;
      const cell = plain.exec(text)?.[0] ?? '';
      cells.push(cell.trim());
      at += cell.length;
    }
    const letter = text.charAt(at);
    if (letter === delimiter) {
      if (cells.length > limits.cells) throw new RecordError('cells', line);
      at++;
      continue;
    }
    if (!isEnd && (letter === '' || (letter === '\r' && at === text.length - 1))) return undefined;
    return { cells, end: at, line };
  }
}

/** Place of the quote that closes a cell: the first that is not one of two. */
function closingQuote(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return undefined;
}

const lineEnds = (text: string): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;
