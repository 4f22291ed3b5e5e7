import { gunzip } from '#codec';
import { requireContent } from './bytes.js';
import { damageCode } from './codec/types.js';
import { decodePieces } from './decode.js';
import { badInput, someOf, type Problem } from './errors.js';
import { parseRecords, RecordError, type Row } from './records.js';
import { kindOfSource } from './signature.js';
import { stretches, type Source } from './source.js';
import { ownText } from './text.js';

export type { Row } from './records.js';

const WORDS = new Set([
  '',
  '--',
  'na',
  'n/a',
  'nan',
  'null',
  'unknown',
  'not available',
  'not reported',
  'not applicable',
  'not evaluated',
  'discrepancy',
  '<na>',
  // Errors of spreadsheet formulas, of which published workbooks are full.
  '#n/a',
  '#value!',
  '#ref!',
  '#div/0!',
  '#name?',
  '#null!',
  '#num!',
]);

/** Whether a table's cell says that the value is unknown: empty, NA, NaN, "[Not Available]", GDC's "'--", a spreadsheet's "#N/A" and their like. */
export function isMissing(cell: string): boolean {
  return WORDS.has(
    cell
      .replace(/^[['](?=.)|\]$/g, '')
      .trim()
      .toLowerCase(),
  );
}

/** A text table held in memory; every row has as many cells as there are columns. */
export interface Table {
  readonly file: string;
  /** Line of the header: 1, or more below comment lines. */
  readonly line: number;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** Characters of a line. A row of 60,000 genes has about one million. */
const LONGEST_LINE = 16 * 2 ** 20;
/** Three for every human gene; a file of a few kilobytes can claim millions. */
const MOST_COLUMNS = 200_000;
const MOST_ROWS = 300_000;
/** Cells that {@link parseTable} keeps: a clinical table of 10,000 patients and 500 columns. */
const MOST_CELLS = 5_000_000;
/** Text of numbers shrinks to a third or a tenth, one of mostly zeros to a thirtieth; more is no table. */
const LARGEST_EXPANSION = 50;
const EXPANSION_ALWAYS_ALLOWED = 32 * 2 ** 20;

/** Passes bytes on until there are more than a file of so many compressed bytes may hold. */
async function* refuseBomb(
  chunks: AsyncIterable<Uint8Array>,
  { name: file, size }: Source,
): AsyncGenerator<Uint8Array> {
  const most = EXPANSION_ALWAYS_ALLOWED + LARGEST_EXPANSION * size;
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) {
      const message = `the gzip data expands to more than ${LARGEST_EXPANSION} times its size`;
      throw badInput({ file, message, remedy: 'If it is a table, decompress it and name the decompressed file' });
    }
    yield chunk;
  }
}

/** The file's bytes, decompressed where they are gzip, whatever its name. */
async function bytesIn(source: Source): Promise<AsyncIterable<Uint8Array>> {
  const bytes = stretches(source);
  return (await kindOfSource(source)) === 'gzip' ? refuseBomb(gunzip(bytes), source) : bytes;
}

function readingError(file: string, error: unknown): unknown {
  if (error instanceof RecordError) {
    const { kind, line: row } = error;
    if (kind === 'length') {
      const message = `the row is longer than ${LONGEST_LINE / 2 ** 20} MiB`;
      return badInput({ file, row, message, remedy: 'Check for a quote that is never closed; a table has line ends' });
    }
    if (kind === 'cells') {
      const message = `the row has more cells than ${MOST_COLUMNS}, the columns that a table may have`;
      return badInput({ file, row, message, remedy: 'Name a table of patients or of genes' });
    }
    const message = 'the table is malformed (a quote is not closed, or more than its cell follows it)';
    return badInput({ file, row, message, remedy: 'Check the quotes of this row' });
  }
  const damage = damageCode(error);
  if (damage !== undefined) {
    const message = `the gzip data is damaged or cut short (${damage})`;
    return badInput({ file, message, remedy: 'Copy the file again' });
  }
  return error;
}

/** Where a table begins in a file that is not only a table. */
export interface TableStart {
  /** Rows above the header that are none of the table's. */
  readonly above?: number;
  /**
   * Whether the first column holds names and may lack one of its own, the way that R's write.table leaves it out: a header that is one name
   * shorter than the rows then gets an empty one in front.
   */
  readonly named?: boolean;
}

async function* fromRow(rows: AsyncIterable<Row>, above: number): AsyncGenerator<Row, void> {
  let i = 0;
  for await (const row of rows) if (i++ >= above) yield row;
}

/** Rows with the cell of the corner that R leaves out. */
async function* withCorner(rows: AsyncIterable<Row>): AsyncGenerator<Row, void> {
  let header: Row | undefined;
  let isFirst = true;
  for await (const row of rows) {
    if (isFirst) {
      header = row;
      isFirst = false;
      continue;
    }
    if (header) yield lacksCorner(header.cells, row.cells) ? { ...header, cells: ['', ...header.cells] } : header;
    header = undefined;
    yield row;
  }
  if (header) yield header;
}

/** Whether a row has one cell more than the header, and not an empty one behind a separator at its end. */
const lacksCorner = (header: readonly string[], cells: readonly string[]): boolean =>
  cells.length === header.length + 1 && cells.at(-1) !== '';

const otherWidthRemedy = (header: readonly string[], cells: readonly string[]): string =>
  lacksCorner(header, cells)
    ? "Check the row for a separator too many; where each row has one cell more, R's write.table left the first name of the header out: write it with col.names = NA"
    : 'Check the row for a missing or unquoted separator';

/**
 * Rows without what a spreadsheet saves beyond its table: the columns behind the last one with a name, where they are empty, and empty rows. Those
 * above the first row of content stay, so that a table of nothing else is told as one.
 */
async function* withoutBlanks(rows: AsyncIterable<Row>): AsyncGenerator<Row, void> {
  let width: number | undefined;
  let hasContent = false;
  for await (const row of rows) {
    const isBlank = row.cells.every((cell) => cell === '');
    if (isBlank && hasContent) continue;
    if (width === undefined) width = row.cells.findLastIndex((cell) => cell !== '') + 1;
    else hasContent ||= !isBlank;
    const isWider = row.cells.length > width && row.cells.slice(width).every((cell) => cell === '');
    yield isWider ? { line: row.line, cells: row.cells.slice(0, width) } : row;
  }
}

/**
 * Rows of a file separated by commas, tabs or semicolons, gzip or not, both told by the content; the header comes first, and lines before it that
 * start with # are skipped. Streams: a stretch of the file is in memory at a time. Throws {@link InputError} for a file that is empty,
 * binary, damaged or expands beyond reason, for lines that are too long, for a header of a single column and for a row whose number
 * of cells is not the header's.
 */
export async function* parseRows(
  source: Source,
  { above = 0, named = false }: TableStart = {},
): AsyncGenerator<Row, void> {
  requireContent(source);
  const file = source.name;
  try {
    let columns: readonly string[] | undefined;
    let rows = 0;
    const text = decodePieces(await bytesIn(source), file);
    const records = fromRow(parseRecords(text, { characters: LONGEST_LINE, cells: MOST_COLUMNS }), above);
    for await (const row of withoutBlanks(named ? withCorner(records) : records)) {
      columns ??= row.cells;
      if (columns.length < 2) {
        throw badInput({
          file,
          row: row.line,
          message: 'the header has a single column',
          remedy: /^[[{]/.test(row.cells[0])
            ? 'This looks like JSON: save or download it as a table (TSV or CSV)'
            : 'Separate the columns by commas, tabs or semicolons, and delete a title above the header',
        });
      }
      if (row.cells.length !== columns.length) {
        throw badInput({
          file,
          row: row.line,
          message: `the row has ${row.cells.length} cells, the header ${columns.length}`,
          remedy: otherWidthRemedy(columns, row.cells),
        });
      }
      if (++rows > MOST_ROWS) {
        throw badInput({
          file,
          message: `the table has more than ${MOST_ROWS} rows`,
          remedy: 'Name a table of patients or of genes',
        });
      }
      yield row;
    }
  } catch (error) {
    throw readingError(file, error);
  }
}

/** The cells of a table's header. Throws as {@link parseRows} does. */
export async function parseHeader(source: Source, start: TableStart = {}): Promise<readonly string[]> {
  for await (const { cells } of parseRows(source, start)) return cells;
  return [];
}

/** The first line of a text file, gzip or not, comment or not. */
export async function parseFirstLine(source: Source): Promise<string> {
  try {
    let start = '';
    for await (const text of decodePieces(await bytesIn(source), source.name)) {
      start += text;
      if (/[\r\n]/.test(text) || start.length > LONGEST_LINE) break;
    }
    return start.split(/[\r\n]/, 1)[0];
  } catch (error) {
    throw readingError(source.name, error);
  }
}

/** The names that stand twice in a list, with their first and their later place (from 0). */
export function repeatedNames(
  names: readonly string[],
): { readonly name: string; readonly first: number; readonly second: number }[] {
  const places = new Map<string, number>();
  const repeated: { name: string; first: number; second: number }[] = [];
  names.forEach((name, i) => {
    const first = places.get(name);
    if (first === undefined) places.set(name, i);
    else repeated.push({ name, first, second: i });
  });
  return repeated;
}

/**
 * A whole table of modest size, of which only the columns that `keeps` says are kept. Columns that repeat one of the same name cell
 * for cell are left out. Throws as {@link parseRows} does, and for no rows at all, too many cells, or columns of one name that differ.
 * @param problems Where it is given, columns of one name that differ are kept with their places, "age (column 7)", and a warning says so.
 */
export async function parseTable(
  source: Source,
  keeps: (column: string) => boolean = () => true,
  problems?: Problem[],
): Promise<Table> {
  const file = source.name;
  let header: Row = { line: 1, cells: [] };
  let isFirst = true;
  let places: number[] = [];
  const rows: Row[] = [];
  for await (const row of parseRows(source)) {
    if (isFirst) {
      isFirst = false;
      header = row;
      places = row.cells.flatMap((column, i) => (keeps(column) ? [i] : []));
      continue;
    }
    rows.push({ line: row.line, cells: keptCells(row.cells, places) });
    if (rows.length * places.length > MOST_CELLS) {
      throw badInput({
        file,
        message: `the table has more than ${MOST_CELLS} cells`,
        remedy: 'Leave out the columns that nobody needs',
      });
    }
  }
  if (rows.length === 0)
    throw badInput({ file, message: 'the table has a header and no rows', remedy: 'Add the rows' });
  const named = places.map((i) => header.cells[i]);
  const { columns, isCopy, differing } = settleRepeats(named, places, rows);
  if (differing.length > 0) {
    const message = `the header repeats ${someOf(differing)}${problems ? ', with other cells' : ''}`;
    const place = { file, row: header.line, message };
    if (!problems) throw badInput({ ...place, remedy: 'Keep one column of each name' });
    const remedy =
      'None of them is read, but for a column that is asked for as here, with its place; keep the right one';
    problems.push({ ...place, severity: 'warning', remedy });
  }
  if (!isCopy.includes(true)) return { file, line: header.line, columns, rows };
  const kept = [...columns.keys()].filter((i) => !isCopy[i]);
  return {
    file,
    line: header.line,
    columns: kept.map((i) => columns[i]),
    rows: rows.map(({ line, cells }) => ({ line, cells: kept.map((i) => cells[i]) })),
  };
}

/** What becomes of columns of one name: copies of the first, or columns of their own, by the names that they get. */
function settleRepeats(
  named: readonly string[],
  places: readonly number[],
  rows: readonly Row[],
): { columns: readonly string[]; isCopy: readonly boolean[]; differing: readonly string[] } {
  const columns = [...named];
  const isCopy = named.map(() => false);
  const differing: string[] = [];
  const withPlace = (i: number) => `${named[i]} (column ${places[i] + 1})`;
  for (const { name, first, second } of repeatedNames(named)) {
    isCopy[second] = rows.every(({ cells }) => cells[first] === cells[second]);
    if (isCopy[second]) continue;
    differing.push(`'${name}' (columns ${places[first] + 1} and ${places[second] + 1})`);
    for (const i of [first, second]) columns[i] = withPlace(i);
  }
  return { columns, isCopy, differing };
}

/** These cells of a row; of a few, the rest of the file is not kept in memory for their sake. */
const keptCells = (cells: readonly string[], places: readonly number[]): readonly string[] =>
  places.length === cells.length ? cells : places.map((i) => ownText(cells[i]));
