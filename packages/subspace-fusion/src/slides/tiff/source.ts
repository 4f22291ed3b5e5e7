import { open } from 'node:fs/promises';

/** A file that is read by stretches, and never beyond its end. */
export interface FileSource {
  readonly size: number;
  /** @throws Error where the stretch does not lie within the file. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export async function openSource(path: string): Promise<FileSource> {
  const handle = await open(path);
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size))
        throw new RangeError(`bytes ${offset} to ${offset + length} of ${size}`);
      const bytes = new Uint8Array(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      if (bytesRead < length) throw new RangeError(`bytes ${offset} to ${offset + length} of ${size}`);
      return bytes;
    },
    close: () => handle.close(),
  };
}
