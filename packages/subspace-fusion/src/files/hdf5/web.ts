import { readAll, type Source } from '../source.js';
import { webPort } from '../worker-web.js';
import type { Port } from '../worker.js';
import type { Handed } from './node.js';

/** HDF5 files as a browser reads them; see node.ts. */

export type { Handed } from './node.js';

/** The browser's own `Worker`. Bundlers look for `new Worker(new URL(…))` as it is written below. */
declare const Worker: new (program: URL, options: { type: 'module' }) => Parameters<typeof webPort>[0];

/** Starts the worker that reads HDF5 files. */
export const startLibrary = (): Port =>
  webPort(new Worker(new URL('./web-worker.js', import.meta.url), { type: 'module' }));

/** A blob as it is, which the worker reads by stretches; any other file in memory. */
export async function handOver(source: Source): Promise<Handed> {
  const { blob } = source;
  return { file: blob ? { blob } : { bytes: await readAll(source) }, done: () => Promise.resolve() };
}
