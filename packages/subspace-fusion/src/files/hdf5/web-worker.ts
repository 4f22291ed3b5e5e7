import { webPort } from '../worker-web.js';
import { serve } from '../worker.js';
import { hdf5Tasks, type Library, type Place } from './tasks.js';

/** The worker that reads HDF5 files in a browser: a blob by stretches, anything else in memory. */

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

/** A folder of its own for each file, so that two of one name are two. */
function newPlace(library: Library, put: (files: FileSystem, folder: string, path: string) => () => void): Place {
  const files = library.FS as unknown as FileSystem;
  const folder = `/file-${places++}`;
  const path = `${folder}/data.h5`;
  files.mkdir(folder);
  const takeAway = put(files, folder, path);
  return {
    path,
    leave() {
      takeAway();
      files.rmdir(folder);
    },
  };
}

serve(
  webPort(globalThis as unknown as Parameters<typeof webPort>[0]),
  hdf5Tasks({
    async load() {
      const library = await import('h5wasm');
      await library.ready;
      return library;
    },
    placeOf(file, library) {
      if ('path' in file) throw new Error('a browser has no paths');
      return newPlace(library, (files, folder, path) => {
        if ('blob' in file) {
          files.mount(files.filesystems.WORKERFS, { blobs: [{ name: 'data.h5', data: file.blob }] }, folder);
          return () => files.unmount(folder);
        }
        files.writeFile(path, file.bytes);
        return () => files.unlink(path);
      });
    },
  }),
);
