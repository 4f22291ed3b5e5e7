import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from './errors.js';
import type { Source, Store } from './source.js';

/** Opens a file of this machine. @throws {InputError} where there is none, or it is a folder. */
export async function fileSource(path: string): Promise<Source> {
  const source = await openIfThere(path);
  if (!source) throw new InputError(`${path}: no such file. Check the path.`);
  return source;
}

/** The files of a folder of this machine. */
export function folderStore(folder: string): Store {
  return { name: folder, open: (name) => openIfThere(join(folder, name)) };
}

async function openIfThere(path: string): Promise<Source | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw new InputError(`${path}: cannot be opened (${error instanceof Error ? error.message : 'unknown reason'}).`);
  });
  if (!handle) return undefined;
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new InputError(`${path}: is a folder. Give a file.`);
  }
  return {
    name: path,
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
