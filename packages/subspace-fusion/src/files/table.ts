import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, Transform, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { badInput, someOf, InputError } from './errors.js';

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

/** One row of a text table. */
export interface Row {
  /** Line of the file on which the row ends; without comments the header is line 1. */
  readonly line: number;
  readonly cells: readonly string[];
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
/** Cells that {@link readTable} keeps: a clinical table of 10,000 patients and 1,000 columns. */
const MOST_CELLS = 10_000_000;
/** Text of numbers shrinks to a third or a tenth, one of mostly zeros to a thirtieth; more is no table. */
const LARGEST_EXPANSION = 50;
const EXPANSION_ALWAYS_ALLOWED = 32 * 2 ** 20;

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

/** Passes bytes through until there are more than a file of `size` compressed bytes may hold. */
function refuseBomb(file: string, size: number): Transform {
  const most = EXPANSION_ALWAYS_ALLOWED + LARGEST_EXPANSION * size;
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      const message = `the gzip data expands to more than ${LARGEST_EXPANSION} times its size`;
      done(
        bytes > most
          ? badInput({ file, message, remedy: 'If it is a table, decompress it and name the decompressed file' })
          : null,
        chunk,
      );
    },
  });
}

/** The file's bytes, decompressed where the first two are gzip's, whatever its name. */
async function byteStream(file: string): Promise<Readable> {
  const bytes = createReadStream(file);
  if (!(await isGzip(file))) return bytes;
  // The reader of the last stream sees the error; pipeline itself wants a callback only to forward it.
  return pipeline(bytes, createGunzip(), refuseBomb(file, (await stat(file)).size), () => undefined);
}

/** What binary files begin with, and what to do with one. */
const BINARY: readonly (readonly [signature: string, kind: string, remedy: string])[] = [
  ['PK\x03\x04', 'an Excel or zip file', 'Save the sheet as CSV, or unpack the file'],
  ['\xd0\xcf\x11\xe0', 'an old Excel file', 'Save the sheet as CSV'],
  ['\x89HDF', 'an HDF5 file', 'Only expression can be HDF5, as AnnData (.h5ad)'],
  ['\xff\xfe', 'text in UTF-16', 'Save it as UTF-8'],
  ['\xfe\xff', 'text in UTF-16', 'Save it as UTF-8'],
  ['BZh', 'compressed by bzip2', 'Decompress it; only gzip is read as it is'],
  ['\xfd7zXZ', 'compressed by xz', 'Decompress it; only gzip is read as it is'],
];

function requireText(file: string, chunk: Buffer): void {
  const text = chunk.toString('latin1');
  const known = BINARY.find(([signature]) => text.startsWith(signature));
  if (known) throw badInput({ file, message: `this is ${known[1]}, not a text table`, remedy: known[2] });
  if (text.includes('\0'))
    throw badInput({ file, message: 'this is a binary file, not a text table', remedy: 'Name the table itself' });
}

/** How a table begins. */
interface Head {
  /** Leading lines that start with #. */
  readonly comments: number;
  readonly header: string;
}

/** Reads the leading comment lines and the header. */
async function readHead(file: string): Promise<Head> {
  let text = '';
  let comments = 0;
  for await (const chunk of await byteStream(file)) {
    if (text === '' && comments === 0) requireText(file, chunk as Buffer);
    let searched = text.length;
    text += (chunk as Buffer).toString('utf8');
    if (comments === 0 && searched === 0) text = text.replace(/^\ufeff/, '');
    for (let end = text.indexOf('\n', searched); end >= 0; end = text.indexOf('\n', searched)) {
      if (!text.startsWith('#')) return { comments, header: text.slice(0, end) };
      text = text.slice(end + 1);
      searched = 0;
      comments++;
    }
    if (text.length > LONGEST_LINE) throw tooLong(file, comments + 1);
  }
  // Old line ends (CR alone) leave everything in one piece.
  return { comments, header: text.split('\r', 1)[0] };
}

const tooLong = (file: string, row: number) =>
  badInput({
    file,
    row,
    message: `the row is longer than ${LONGEST_LINE / 2 ** 20} MiB`,
    remedy: 'Check for a quote that is never closed; a table has line ends',
  });

const count = (text: string, letter: string) => text.split(letter).length - 1;

/** Checks that a path is a file that can be read. Throws {@link InputError} where it is not. */
export async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found)
    throw badInput({
      file,
      message: 'the file does not exist',
      remedy: 'Check the path; paths in a config are relative to the config',
    });
  if (!found.isFile()) throw badInput({ file, message: 'this is not a file', remedy: 'Name the file itself' });
  if (found.size === 0) throw badInput({ file, message: 'the file is empty', remedy: 'Write it again' });
}

function readingError(file: string, error: unknown): unknown {
  if (error instanceof InputError) return error;
  if (error instanceof CsvError) {
    const row = Number(error['lines']);
    if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLong(file, row);
    return badInput({
      file,
      row,
      message: `the table is malformed (${error.code})`,
      remedy: 'Check the quotes of this row',
    });
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code?.startsWith('Z_')) {
    return badInput({
      file,
      message: `the gzip data is damaged or cut short (${code})`,
      remedy: 'Copy the file again',
    });
  }
  return error;
}

/**
 * Rows of a comma or tab separated file, gzip or not, both told by the content; the header comes first, and lines before it that
 * start with # are skipped. Streams: one row is in memory at a time. Throws {@link InputError} for a file that is missing, empty,
 * binary, damaged or expands beyond reason, for lines that are too long, for a header of a single column and for a row whose number
 * of cells is not the header's.
 */
export async function* readRows(file: string): AsyncGenerator<Row, void> {
  await requireFile(file);
  try {
    const { comments, header } = await readHead(file);
    const delimiter = count(header, '\t') > count(header, ',') ? '\t' : ',';
    const parser = parse({
      delimiter,
      bom: true,
      trim: true,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      // Finding them out by itself takes the library long in a wide header.
      record_delimiter: ['\r\n', '\n', '\r'],
      from_line: comments + 1,
      max_record_size: LONGEST_LINE,
    });
    let columns: readonly string[] | undefined;
    let rows = 0;
    for await (const { record, info } of pipeline(await byteStream(file), parser, () => undefined)) {
      const row: Row = { line: info.lines as number, cells: record as string[] };
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

/** The cells of a table's header. Throws as {@link readRows} does. */
export async function readHeader(file: string): Promise<readonly string[]> {
  for await (const { cells } of readRows(file)) return cells;
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
 * A whole table of modest size, of which only the columns that `keeps` says are kept. Throws as {@link readRows} does, and for a repeated
 * column, no rows at all, or too many cells.
 */
export async function readTable(file: string, keeps: (column: string) => boolean = () => true): Promise<Table> {
  let header: Row | undefined;
  let places: number[] = [];
  const rows: Row[] = [];
  for await (const row of readRows(file)) {
    if (header === undefined) {
      header = row;
      places = row.cells.flatMap((column, i) => (keeps(column) ? [i] : []));
      continue;
    }
    rows.push({ line: row.line, cells: places.map((i) => row.cells[i]) });
    if (rows.length * places.length > MOST_CELLS) {
      throw badInput({
        file,
        message: `the table has more than ${MOST_CELLS} cells`,
        remedy: 'Leave out the columns that nobody needs',
      });
    }
  }
  const columns = places.map((i) => header!.cells[i]);
  const repeated = repeatedNames(columns);
  if (repeated.length > 0) {
    const names = repeated.map(
      ({ name, first, second }) => `'${name}' (columns ${places[first] + 1} and ${places[second] + 1})`,
    );
    throw badInput({
      file,
      row: header!.line,
      message: `the header repeats ${someOf(names)}`,
      remedy: 'Keep one column of each name',
    });
  }
  if (rows.length === 0)
    throw badInput({ file, message: 'the table has a header and no rows', remedy: 'Add the rows' });
  return { file, line: header!.line, columns, rows };
}
