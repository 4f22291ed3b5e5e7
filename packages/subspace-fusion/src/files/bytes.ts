import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { badInput, type InputError } from './errors.js';
import { requireFile } from './table.js';

/** A file that is open for reading at any place. */
export interface Bytes {
  readonly file: string;
  readonly size: number;
  /** Bytes at…at + length − 1, in memory of their own. Throws {@link InputError} where they are not in the file. */
  read(at: number, length: number): Uint8Array;
  /** The error that says what is wrong with this file. */
  wrong(message: string, remedy?: string): InputError;
}

/**
 * Opens a file, hands it to `use`, and closes it whatever happens. No place and length that the file itself states can make it
 * take more memory than the file is long.
 * @throws {InputError} for a file that is missing or empty.
 */
export async function withBytes<T>(file: string, use: (bytes: Bytes) => T): Promise<T> {
  await requireFile(file);
  const descriptor = openSync(file, 'r');
  try {
    return use(bytesOf(file, descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function bytesOf(file: string, descriptor: number): Bytes {
  const { size } = fstatSync(descriptor);
  const wrong = (message: string, remedy = 'Copy or extract it again') => badInput({ file, message, remedy });
  const read = (at: number, length: number): Uint8Array => {
    if (!(at >= 0 && length >= 0 && at + length <= size))
      throw wrong(`the file is cut short: ${size} bytes, ${at + length} are needed`);
    const buffer = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const count = readSync(descriptor, buffer, done, length - done, at + done);
      if (count === 0) throw wrong('the file became shorter while it was read');
      done += count;
    }
    return buffer;
  };
  return { file, size, read, wrong };
}
