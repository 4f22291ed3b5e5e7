/** Files of this machine by their paths: opened, read and closed. What is read in them is the parsers' matter. */
import { readFile } from 'node:fs/promises';
import { InputError } from './errors.js';
import { withFile } from './file-source.js';
import { decodeSafetensors, type Safetensors } from './safetensors.js';
import { parseHeader, parseTable, type Table } from './table.js';

/** {@link parseTable} of a path. */
export const readTable = (path: string, keeps?: (column: string) => boolean): Promise<Table> =>
  withFile(path, (source) => parseTable(source, keeps));

/** {@link parseHeader} of a path. */
export const readHeader = (path: string): Promise<readonly string[]> => withFile(path, parseHeader);

/**
 * {@link decodeSafetensors} of a path.
 * @throws InputError where the file is missing, too.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new InputError(`${path}: cannot be read (${reason}). Check the path.`);
  });
  return decodeSafetensors(bytes, path);
}
