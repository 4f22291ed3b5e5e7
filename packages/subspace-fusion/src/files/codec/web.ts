/** Decompression as a browser has it; see node.ts. */
import { DamagedData, tooLarge } from './damaged.js';

/** Undoes gzip as the bytes come. @throws {DamagedData} for data that are damaged or cut short. */
export function gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  return decompress(compressed, 'gzip');
}

/** Undoes zlib's deflate (RFC 1950). @throws {DamagedData} for data that are damaged, cut short, or more than `most` bytes. */
export async function inflate(compressed: Uint8Array, most: number): Promise<Uint8Array> {
  async function* once() {
    yield await Promise.resolve(compressed);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of decompress(once(), 'deflate')) {
    length += part.length;
    if (length > most) throw tooLarge(most);
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function* decompress(
  compressed: AsyncIterable<Uint8Array>,
  format: 'gzip' | 'deflate',
): AsyncGenerator<Uint8Array, void> {
  const chunks = compressed[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = stream.pipeThrough<Uint8Array>(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw error instanceof TypeError ? new DamagedData(error.message) : error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
