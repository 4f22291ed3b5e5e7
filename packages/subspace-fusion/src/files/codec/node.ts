/** Decompression as Node has it; web.ts is the same for browsers, and `#codec` in package.json chooses. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, inflate as zlibInflate } from 'node:zlib';
import { DamagedData, tooLarge } from './damaged.js';

/** Undoes gzip as the bytes come. @throws {DamagedData} for data that are damaged or cut short. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  // The reader of the last stream sees the error; pipeline itself wants a callback only to forward it.
  const bytes = pipeline(Readable.from(compressed, { objectMode: false }), createGunzip(), () => undefined);
  try {
    for await (const chunk of bytes) yield chunk as Buffer;
  } catch (error) {
    throw asDamaged(error);
  }
}

/** Undoes zlib's deflate (RFC 1950). @throws {DamagedData} for data that are damaged, cut short, or more than `most` bytes. */
export function inflate(compressed: Uint8Array, most: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zlibInflate(compressed, { maxOutputLength: most }, (error, bytes) => {
      if (!error) resolve(bytes);
      else reject((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(most) : asDamaged(error));
    });
  });
}

function asDamaged(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return 'code' in error && String(error.code).startsWith('Z_') ? new DamagedData(String(error.code)) : error;
}
