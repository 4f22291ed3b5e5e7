import { gunzip } from '#codec';
import { requireContent } from './bytes.js';
import { damageCode } from './codec/types.js';
import { decodePieces } from './decode.js';
import { badInput, someOf } from './errors.js';
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
]);

/** Whether a table's cell says that the value is unknown: empty, NA, NaN, "[Not Available]", GDC's "'--" and their like. */
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
const MOST_ROWS = 300_000;
/** Cells that {@link parseTable} keeps: a clinical table of 10,000 patients and 1,000 columns. */
const MOST_CELLS = 10_000_000;
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

/**
 * Rows of a comma or tab separated file, gzip or not, both told by the content; the header comes first, and lines before it that
 * start with # are skipped. Streams: a stretch of the file is in memory at a time. Throws {@link InputError} for a file that is empty,
 * binary, damaged or expands beyond reason, for lines that are too long, for a header of a single column and for a row whose number
 * of cells is not the header's.
 */
export async function* parseRows(source: Source): AsyncGenerator<Row, void> {
  requireContent(source);
  const file = source.name;
  try {
    let columns: readonly string[] | undefined;
    let rows = 0;
    for await (const row of parseRecords(decodePieces(await bytesIn(source), file), LONGEST_LINE)) {
      columns ??= row.cells;
      if (columns.length < 2) {
        throw badInput({
          file,
          row: row.line,
          message: 'the header has a single column',
          remedy: 'Separate the columns by commas or tabs',
        });
      }
      if (row.cells.length !== columns.length) {
        throw badInput({
          file,
          row: row.line,
          message: `the row has ${row.cells.length} cells, the header ${columns.length}`,
          remedy: 'Check the row for a missing or unquoted separator',
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
export async function parseHeader(source: Source): Promise<readonly string[]> {
  for await (const { cells } of parseRows(source)) return cells;
  return [];
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
 * A whole table of modest size, of which only the columns that `keeps` says are kept. Throws as {@link parseRows} does, and for a repeated
 * column, no rows at all, or too many cells.
 */
export async function parseTable(source: Source, keeps: (column: string) => boolean = () => true): Promise<Table> {
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
  const columns = places.map((i) => header.cells[i]);
  const repeated = repeatedNames(columns);
  if (repeated.length > 0) {
    const names = repeated.map(
      ({ name, first, second }) => `'${name}' (columns ${places[first] + 1} and ${places[second] + 1})`,
    );
    throw badInput({
      file,
      row: header.line,
      message: `the header repeats ${someOf(names)}`,
      remedy: 'Keep one column of each name',
    });
  }
  if (rows.length === 0)
    throw badInput({ file, message: 'the table has a header and no rows', remedy: 'Add the rows' });
  return { file, line: header.line, columns, rows };
}

/** These cells of a row; of a few, the rest of the file is not kept in memory for their sake. */
const keptCells = (cells: readonly string[], places: readonly number[]): readonly string[] =>
  places.length === cells.length ? cells : places.map((i) => ownText(cells[i]));
