import type { File } from 'h5wasm';
import { readAll, type Source } from '../source.js';
import type { Library, Place } from './node.js';

/** HDF5 files as a browser opens them; see node.ts. */

export type { Library, Place } from './node.js';

/** The HDF5 library, which is loaded when the first file needs it. */
export async function loadLibrary(): Promise<Library> {
  const library = await import('h5wasm');
  await library.ready;
  return library;
}

/** The part of Emscripten's file system that is used. */
interface FileSystem {
  readonly filesystems: { readonly WORKERFS: object };
  mkdir(path: string): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  writeFile(path: string, bytes: Uint8Array): void;
  mount(type: object, options: { blobs: { name: string; data: Blob }[] }, folder: string): void;
  unmount(folder: string): void;
}

let places = 0;

/**
 * A folder of its own for each file, so that two of one name are two. In a worker, where a file can be read without waiting, a blob is
 * read by stretches; in a page, or where there is no blob, the file is read into memory first.
 */
export async function placeOf(source: Source, library: Library): Promise<Place> {
  const files = library.FS as unknown as FileSystem;
  const folder = `/file-${places++}`;
  const path = `${folder}/data.h5`;
  const open = (): File => new library.File(path, 'r');
  const { blob } = source;
  if (blob && 'FileReaderSync' in globalThis) {
    files.mkdir(folder);
    files.mount(files.filesystems.WORKERFS, { blobs: [{ name: 'data.h5', data: blob }] }, folder);
    return {
      open,
      leave() {
        files.unmount(folder);
        files.rmdir(folder);
        return Promise.resolve();
      },
    };
  }
  const bytes = await readAll(source);
  files.mkdir(folder);
  files.writeFile(path, bytes);
  return {
    open,
    leave() {
      files.unlink(path);
      files.rmdir(folder);
      return Promise.resolve();
    },
  };
}
