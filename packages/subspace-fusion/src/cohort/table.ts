import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { badInput, someOf } from './problems.js';

/** One row of a text table. */
export interface Row {
  /** Line of the file on which the row ends; the header is line 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A text table held in memory; every row has as many cells as there are columns. */
export interface Table {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

/** The file's text, decompressed where its first bytes are gzip's, whatever its name. */
function textStream(file: string, gzip: boolean): Readable {
  const bytes = createReadStream(file);
  // The reader of the last stream sees the error; pipeline itself wants a callback only to forward it.
  return gzip ? pipeline(bytes, createGunzip(), () => undefined) : bytes;
}

async function firstLine(file: string, gzip: boolean): Promise<string> {
  let text = '';
  for await (const chunk of textStream(file, gzip)) {
    text += (chunk as Buffer).toString('utf8');
    const end = text.search(/[\r\n]/);
    if (end >= 0) return text.slice(0, end);
  }
  return text;
}

const count = (text: string, letter: string) => text.split(letter).length - 1;

/** Checks that a path is a file that can be read. Throws {@link UserError} where it is not. */
export async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found)
    throw badInput({ file, message: 'the file does not exist', remedy: 'Check the path; paths in a config are relative to the config' });
  if (!found.isFile()) throw badInput({ file, message: 'this is not a file', remedy: 'Name the file itself' });
  if (found.size === 0) throw badInput({ file, message: 'the file is empty', remedy: 'Write it again' });
}

function readingError(file: string, error: unknown): unknown {
  if (error instanceof CsvError) {
    return badInput({
      file,
      row: Number(error['lines']),
      message: `the table is malformed (${error.code})`,
      remedy: 'Check the quotes of this row',
    });
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code?.startsWith('Z_')) {
    return badInput({ file, message: `the gzip data is damaged or cut short (${code})`, remedy: 'Copy the file again' });
  }
  return error;
}

/**
 * Rows of a comma or tab separated file, gzip or not, both told by the content; the header comes first. Streams:
 * one row is in memory at a time. Throws {@link UserError} for a file that is missing, empty or damaged, for a
 * header of a single column and for a row whose number of cells is not the header's.
 */
export async function* readRows(file: string): AsyncGenerator<Row, void> {
  await requireFile(file);
  try {
    const gzip = await isGzip(file);
    const header = await firstLine(file, gzip);
    const delimiter = count(header, '\t') > count(header, ',') ? '\t' : ',';
    const parser = parse({
      delimiter,
      bom: true,
      trim: true,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    });
    let columns: readonly string[] | undefined;
    for await (const { record, info } of pipeline(textStream(file, gzip), parser, () => undefined)) {
      const row: Row = { line: info.lines as number, cells: record as string[] };
      columns ??= row.cells;
      if (columns.length < 2) {
        throw badInput({ file, row: 1, message: 'the header has a single column', remedy: 'Separate the columns by commas or tabs' });
      }
      if (row.cells.length !== columns.length) {
        throw badInput({
          file,
          row: row.line,
          message: `the row has ${row.cells.length} cells, the header ${columns.length}`,
          remedy: 'Check the row for a missing or unquoted separator',
        });
      }
      yield row;
    }
  } catch (error) {
    throw readingError(file, error);
  }
}

/** The names that stand twice in a list, with their first and their later place (from 0). */
export function repeatedNames(names: readonly string[]): { readonly name: string; readonly first: number; readonly second: number }[] {
  const places = new Map<string, number>();
  const repeated: { name: string; first: number; second: number }[] = [];
  names.forEach((name, i) => {
    const first = places.get(name);
    if (first === undefined) places.set(name, i);
    else repeated.push({ name, first, second: i });
  });
  return repeated;
}

/** A whole table of modest size. Throws as {@link readRows} does, and for a repeated column or no rows at all. */
export async function readTable(file: string): Promise<Table> {
  let columns: readonly string[] = [];
  const rows: Row[] = [];
  for await (const row of readRows(file)) {
    if (columns.length === 0) columns = row.cells;
    else rows.push(row);
  }
  const repeated = repeatedNames(columns);
  if (repeated.length > 0) {
    const names = repeated.map(({ name, first, second }) => `'${name}' (columns ${first + 1} and ${second + 1})`);
    throw badInput({ file, row: 1, message: `the header repeats ${someOf(names)}`, remedy: 'Keep one column of each name' });
  }
  if (rows.length === 0) throw badInput({ file, message: 'the table has a header and no rows', remedy: 'Add the rows' });
  return { file, columns, rows };
}
