import { badInput, type InputError } from './errors.js';
import type { Source } from './source.js';

/** A file whose parts lie where it says itself, and which may say anything. */
export interface Bytes {
  readonly file: string;
  readonly size: number;
  /** Bytes at…at + length − 1, in memory of their own. Throws {@link InputError} where they are not in the file. */
  readonly read: (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** The error that says what is wrong with this file. */
  readonly wrong: (message: string, remedy?: string) => InputError;
}

/** Throws {@link InputError} for a file without a single byte. */
export function requireContent({ name, size }: Source): void {
  if (size === 0) throw badInput({ file: name, message: 'the file is empty', remedy: 'Write it again' });
}

/**
 * A source, read with care: no place and length that the file itself states can make it take more memory than the file is long.
 * @throws {InputError} for an empty file.
 */
export function bytesOf(source: Source): Bytes {
  requireContent(source);
  const { name: file, size } = source;
  const wrong = (message: string, remedy = 'Copy or extract it again') => badInput({ file, message, remedy });
  return {
    file,
    size,
    async read(at, length) {
      if (!(at >= 0 && length >= 0 && at + length <= size))
        throw wrong(`the file is cut short: ${size} bytes, ${at + length} are needed`);
      const bytes = await source.read(at, length);
      if (bytes.length < length) throw wrong('the file became shorter while it was read');
      return bytes.byteOffset === 0 ? bytes : bytes.slice();
    },
    wrong,
  };
}
