import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAll, type Source } from '../source.js';
import { requireWasmMemory } from '../system-errors.js';
import { startThread } from '../worker-node.js';
import type { Port } from '../worker.js';
import type { FileToOpen } from './tasks.js';

/** HDF5 files as Node reads them; web.ts is the same for browsers, and `#hdf5` in package.json chooses. */

/**
 * Starts the thread that reads HDF5 files. What the library writes about a damaged file comes as an error, too.
 * @throws MachineError where WebAssembly is given no memory: a thread would end the process then
 */
export function startLibrary(): Port {
  requireWasmMemory();
  return startThread(new URL('./node-worker.js', import.meta.url), 'reads HDF5 files', true);
}

/** A file for the worker, and what to do once it has been read. */
export interface Handed {
  readonly file: FileToOpen;
  readonly done: () => Promise<void>;
}

/** A file of this machine where it is; any other in a temporary file. */
export async function handOver(source: Source): Promise<Handed> {
  if (source.path !== undefined) return { file: { path: source.path }, done: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'hdf5-'));
  const path = join(folder, 'data.h5');
  await writeFile(path, await readAll(source));
  return { file: { path }, done: () => rm(folder, { recursive: true, force: true }) };
}
