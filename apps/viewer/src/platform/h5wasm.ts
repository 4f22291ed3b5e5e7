/** `h5wasm/node` in a worker: HDF5 files are read by stretches, through the library's file system for a worker's files. */
import { File as LibraryFile, FS } from 'h5wasm';
import { fileAt } from './files.js';

export { Dataset, Group, Module, ready } from 'h5wasm';

/** The part of Emscripten's file system that is used. */
interface WorkerFileSystem {
  readonly filesystems: { readonly WORKERFS: object };
  mkdir(path: string): void;
  rmdir(path: string): void;
  mount(type: object, options: { blobs: { name: string; data: Blob }[] }, folder: string): void;
  unmount(folder: string): void;
}

let mounts = 0;

/** An HDF5 file among {@link fileAt}'s files. */
export class File extends LibraryFile {
  private readonly folder: string;

  constructor(path: string, mode: 'r') {
    const folder = `/file-${mounts++}`;
    const fs = FS as unknown as WorkerFileSystem;
    fs.mkdir(folder);
    fs.mount(fs.filesystems.WORKERFS, { blobs: [{ name: 'data.h5', data: fileAt(path) }] }, folder);
    super(`${folder}/data.h5`, mode);
    this.folder = folder;
  }

  override close(): ReturnType<LibraryFile['close']> {
    const closed = super.close();
    const fs = FS as unknown as WorkerFileSystem;
    fs.unmount(this.folder);
    fs.rmdir(this.folder);
    return closed;
  }
}
