import type { OpenJpeg, OpenJpegSettings } from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import { joinBytes } from '../source.js';
import { imageHeader, webpSize } from './image-header.js';
import type { DecodedImage, ImageInfo } from './types.js';

/** Decompression and pictures as a browser has them. node.ts has the same functions for Node. */

// As much of the web's interface as is used: the package is compiled without its types, so that nothing else takes it for granted.
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
declare function createImageBitmap(image: Blob, options: { colorSpaceConversion: 'none' }): Promise<Bitmap>;
declare class OffscreenCanvas {
  constructor(width: number, height: number);
  getContext(
    kind: '2d',
    settings: { willReadFrequently: boolean },
  ): {
    fillStyle: string;
    fillRect(x: number, y: number, width: number, height: number): void;
    drawImage(image: Bitmap, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  } | null;
}

/** Bytes that a stream may hold on to: never those of a shared buffer. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Uint8Array.from(bytes);

/** Bytes without their compression. @throws Error with a code as Node has it where they are damaged or cut short. */
async function* decompress(
  compressed: AsyncIterable<Uint8Array>,
  format: 'deflate' | 'gzip',
): AsyncGenerator<Uint8Array, void> {
  const pieces = compressed[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const piece = await pieces.next();
      if (piece.done) controller.close();
      else controller.enqueue(owned(piece.value));
    },
    async cancel() {
      await pieces.return?.();
    },
  });
  const reader = stream.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
  } catch (error) {
    throw error instanceof TypeError ? Object.assign(new Error(error.message), { code: 'Z_DATA_ERROR' }) : error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Undoes deflate in zlib's form.
 * @throws Error for data that are damaged, or longer than `maxLength` bytes.
 */
export async function inflate(bytes: Uint8Array, maxLength: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of decompress(once(bytes), 'deflate')) {
    length += piece.length;
    if (length > maxLength) throw new RangeError(`more than ${maxLength} bytes`);
    pieces.push(piece);
  }
  return joinBytes(pieces);
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream wants what it waits for
async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Undoes gzip piece by piece. Iterating throws an Error with a code `Z_…` where the data are damaged or cut short. */
export function gunzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return decompress(bytes, 'gzip');
}

/**
 * What a PNG or JPEG says of itself; its first bytes are enough.
 * @throws Error for anything else, or where it is damaged.
 */
export async function imageInfo(bytes: Uint8Array): Promise<ImageInfo> {
  const header = imageHeader(bytes);
  if (!header) throw new Error('it is no PNG or JPEG');
  const { width, height, channels, density, format } = header;
  return Promise.resolve({ width, height, channels, density, format });
}

/** Pixels that are taken from the canvas at a time. */
const STRIP = 1 << 22;

/**
 * Decodes a JPEG, PNG or WebP of at most `mostPixels` pixels.
 * @throws Error for a file that is damaged, or larger.
 */
export async function decodeImage(bytes: Uint8Array, mostPixels: number): Promise<DecodedImage> {
  const refuse = ({ width, height }: { width: number; height: number }) => {
    if (width * height > mostPixels) throw new Error(`more than ${mostPixels} pixels: ${width} × ${height}`);
  };
  const header = imageHeader(bytes);
  const size = header ?? webpSize(bytes);
  if (size) refuse(size); // before it takes memory
  // The pixels as they are stored: without other colours, and not turned as the Exif data may want it.
  const [exifStart, exifEnd] = header?.exif ?? [bytes.length, bytes.length];
  const file = new Blob([owned(bytes.subarray(0, exifStart)), owned(bytes.subarray(exifEnd))]);
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  try {
    refuse(bitmap);
    return rgbOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** RGB of a bitmap on white. */
function rgbOf(bitmap: Bitmap): DecodedImage {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.ceil(STRIP / width));
  const context = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('the browser has no canvas for it');
  context.fillStyle = 'white';
  const data = new Uint8Array(3 * width * height);
  for (let top = 0, at = 0; top < height; top += rows) {
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const { data: rgba } = context.getImageData(0, 0, width, Math.min(rows, height - top));
    for (let i = 0; i < rgba.length; i += 4, at += 3) {
      data[at] = rgba[i];
      data[at + 1] = rgba[i + 1];
      data[at + 2] = rgba[i + 2];
    }
  }
  return { width, height, data };
}

/** A new instance of OpenJPEG. */
export async function loadOpenJpeg(settings: OpenJpegSettings): Promise<OpenJpeg> {
  const { default: load } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
  // Written out like this, bundlers find the file and put it beside the program.
  const { href } = new URL('@cornerstonejs/codec-openjpeg/decodewasm', import.meta.url);
  return load({ ...settings, locateFile: () => href });
}
