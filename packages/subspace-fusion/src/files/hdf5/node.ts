import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as h5wasm from 'h5wasm';
import type { File } from 'h5wasm';
import { readAll, type Source } from '../source.js';
import { requireWasmMemory } from '../system-errors.js';

/** HDF5 files as Node opens them; web.ts is the same for browsers, and `#hdf5` in package.json chooses. */

export type Library = typeof h5wasm;

/**
 * The HDF5 library, which is loaded when the first file needs it.
 * @throws MachineError where WebAssembly is given no memory, of which the library would print a page of its source
 */
export async function loadLibrary(): Promise<Library> {
  requireWasmMemory();
  const library = await import('h5wasm/node');
  await library.ready;
  return library;
}

/** A place where the library finds the file, and what takes it away again. */
export interface Place {
  open(): File;
  leave(): Promise<void>;
}

/** A file of this machine where it is; any other in a temporary file. */
export async function placeOf(source: Source, library: Library): Promise<Place> {
  if (source.path !== undefined) {
    const { path } = source;
    return { open: () => new library.File(path, 'r'), leave: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'hdf5-'));
  const path = join(folder, 'data.h5');
  await writeFile(path, await readAll(source));
  return { open: () => new library.File(path, 'r'), leave: () => rm(folder, { recursive: true, force: true }) };
}
