import { append } from './lists.js';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { requireContent } from './bytes.js';
import { decodeText } from './decode.js';
import { badInput, InputError, type Problem } from './errors.js';
import { isJson, parseJson } from './json.js';
import { decodeSafetensors, type Safetensors } from './safetensors.js';
import { closing, readAll, readText, type Folder, type Source } from './source.js';
import { shortageError } from './system-errors.js';
import { parseHeader, parseTable, type Table } from './table.js';

const notThere = (file: string) =>
  badInput({
    file,
    message: 'the file does not exist',
    remedy: 'Check the path; paths in a config are relative to the config',
  });

/** Checks that a path is a file that can be read. Throws {@link InputError} where it is not. */
export async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw notThere(file);
  if (!found.isFile()) throw badInput({ file, message: 'this is not a file', remedy: 'Name the file itself' });
  if (found.size === 0) throw badInput({ file, message: 'the file is empty', remedy: 'Write it again' });
}

/** Opens a file of this machine. @throws {InputError} where there is none, or it is a folder. */
export async function fileSource(path: string): Promise<Source> {
  const source = await openIfThere(path);
  if (!source) throw notThere(path);
  return source;
}

/** Opens a file of this machine, hands it to `use`, and closes it whatever happens. Throws as {@link fileSource} does. */
export async function withFile<T>(path: string, use: (source: Source) => Promise<T>): Promise<T> {
  return closing(await fileSource(path), use);
}

/** The files of a folder of this machine. */
export function folderStore(folder: string): Folder {
  return { name: folder, open: (name) => openIfThere(join(folder, name)), list: () => filesOf(folder) };
}

/** The folder that a file is in. */
export const folderOf = (path: string): Folder => folderStore(dirname(path));

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  for (const { name } of entries.filter((entry) => entry.isDirectory()))
    append(
      names,
      (await readdir(join(folder, name))).map((inside) => `${name}/${inside}`),
    );
  return names.sort();
}

async function openIfThere(path: string): Promise<Source | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    const shortage = shortageError(error);
    if (shortage) throw shortage;
    const reason = error instanceof Error ? error.message : 'unknown reason';
    throw badInput({ file: path, message: `it cannot be opened (${reason})`, remedy: 'Check its permissions' });
  });
  if (!handle) return undefined;
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw badInput({ file: path, message: 'this is not a file', remedy: 'Name the file itself' });
  }
  return {
    name: path,
    path,
    size: stats.size,
    async read(offset, length, signal) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(Math.max(0, Math.min(length, stats.size - offset)));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
        if (bytesRead === 0) return bytes.slice(0, done); // it was cut short since
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** Files of this machine by their paths: opened, read and closed. What is read in them is the parsers' matter. */

/** A text that is read whole, such as YAML; no config comes near. */
const LARGEST_TEXT = 64 * 2 ** 20;

/**
 * {@link decodeText} of a path.
 * @throws {InputError} where the file is missing, empty, larger than 64 MiB or not text in UTF-8.
 */
export const readTextFile = (path: string): Promise<string> =>
  withFile(path, async (source) => {
    requireContent(source);
    if (source.size > LARGEST_TEXT) {
      const message = `the file is larger than ${LARGEST_TEXT / 2 ** 20} MiB`;
      throw badInput({ file: path, message, remedy: 'Check the path' });
    }
    return decodeText(await readAll(source), path);
  });

/** {@link parseTable} of a path. */
export const readTable = (path: string, keeps?: (column: string) => boolean, problems?: Problem[]): Promise<Table> =>
  withFile(path, (source) => parseTable(source, keeps, problems));

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

/**
 * The content of a JSON file, or undefined where it is missing or only a part of it is there: another process may be writing it.
 * @throws {InputError} where it is not as the schema says
 */
export async function readWholeJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  const source = await folderStore(dirname(path)).open(basename(path));
  if (!source) return undefined;
  const text = await readText(source).finally(() => source.close());
  if (!isJson(text)) return undefined;
  return parseJson(text, schema, { file: path, what: 'the folder', remedy: FORGET });
}

const FORGET = 'Take the file away, and start the same command again';
