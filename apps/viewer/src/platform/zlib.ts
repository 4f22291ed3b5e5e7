/** What the readers of subspace-fusion take from `node:zlib`, by the browser's own decompression. */
import { Buffer } from 'buffer';

type Bytes = Uint8Array<ArrayBuffer>;

/** Decompressed bytes of a stream. @throws Error with one of Node's codes for data that are damaged or cut short. */
async function* decompress(source: AsyncIterable<Bytes>, format: CompressionFormat): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]();
  const compressed = new ReadableStream<Bytes>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = compressed.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield Buffer.from(value);
    }
  } catch (error) {
    throw error instanceof TypeError ? Object.assign(new Error(error.message), { code: 'Z_DATA_ERROR' }) : error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A stage of a pipeline. */
export const createGunzip = () => (source: AsyncIterable<Bytes>) => decompress(source, 'gzip');

/** The readers decompress single files of the GDC by this; a browser cannot without waiting. */
export function gunzipSync(): never {
  throw new Error('decompressed files only');
}

/** Hands over the decompressed bytes, in Node's manner. */
export function inflate(
  bytes: Bytes,
  { maxOutputLength }: { maxOutputLength: number },
  done: (error: Error | null, result?: Buffer) => void,
): void {
  async function* once() {
    yield bytes;
  }
  (async () => {
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of decompress(once(), 'deflate')) {
      length += part.length;
      if (length > maxOutputLength) throw new RangeError(`more than ${maxOutputLength} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  })().then((result) => done(null, result), done);
}
