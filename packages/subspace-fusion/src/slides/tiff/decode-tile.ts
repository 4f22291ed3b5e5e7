import { decodeImage, inflate } from '#codec';
import type { TiffImage } from './directories.js';
import { COMPRESSION, isMultiplied, taggedColours } from './image-kind.js';
import { standaloneJpeg } from './jpeg-tile.js';
import { decodeJpeg2000 } from './jpeg2000.js';

const CLEAR = 256;
const END = 257;
const LONGEST_CODE = 12;

/**
 * Undoes the LZW compression of TIFF (TIFF 6.0, section 13): codes of 9 to 12 bits, most significant bit first. Every entry of the
 * table is a stretch of what was already written: the string of the code before, and one byte more.
 * @param size Bytes to write; what would follow is left out. The result is shorter where the data end early.
 * @throws Error for a code that the table cannot have yet.
 */
function undoLzw(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const start = new Uint32Array(1 << LONGEST_CODE);
  const length = new Uint32Array(1 << LONGEST_CODE);
  let [written, next, width] = [0, END + 1, 9];
  let [previousStart, previousLength] = [0, 0]; // of length 0 directly after a CLEAR
  let [bits, held, at] = [0, 0, 0];
  while (written < size) {
    while (held < width && at < data.length) {
      bits = ((bits << 8) | data[at++]) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    held -= width;
    const code = (bits >>> held) & ((1 << width) - 1);
    if (code === END) break;
    if (code === CLEAR) {
      [next, width, previousLength] = [END + 1, 9, 0];
      continue;
    }
    if (previousLength > 0 && next < 1 << LONGEST_CODE) {
      start[next] = previousStart;
      length[next] = previousLength + 1;
      next++;
    }
    if (code > END && code >= next) throw new Error(`LZW code ${code} of ${next}`);
    previousStart = written;
    previousLength = code < CLEAR ? 1 : length[code];
    if (code < CLEAR) out[written++] = code;
    // Byte by byte: the entry just made overlaps what is being written.
    else for (let from = start[code], i = 0; i < previousLength && written < size; i++) out[written++] = out[from++];
    if (next >= (1 << width) - 1 && width < LONGEST_CODE) width++;
  }
  return out.subarray(0, written);
}

/**
 * Decodes one tile of `rows` rows. Of an image with opacity, what is transparent is white.
 * @param planes The bytes of the tile; of separate planes, those of red, green and blue, and of the opacity where it counts.
 * @param opacity Sample that is the opacity, where there is one and it counts.
 * @returns RGB `[rows, tileWidth, 3]`.
 * @throws Error where the bytes are damaged.
 */
export async function decodeTile(
  image: TiffImage,
  planes: readonly Uint8Array[],
  rows: number,
  opacity: number | undefined,
): Promise<Uint8Array> {
  const { compression, tileWidth, jpegTables } = image;
  const [bytes] = planes as [Uint8Array];
  switch (compression) {
    case COMPRESSION.jpeg:
      return decodePicture(standaloneJpeg(bytes, jpegTables, taggedColours(image)), tileWidth, rows);
    case COMPRESSION.webp:
      return decodePicture(bytes, tileWidth, rows);
    case COMPRESSION.aperioYcbcr:
      return decodeJpeg2000(bytes, tileWidth, rows, 'YCbCr');
    case COMPRESSION.aperioRgb:
      return decodeJpeg2000(bytes, tileWidth, rows, 'RGB');
  }
  const decoded = await decodePlanes(image, planes, rows);
  const multiplied = isMultiplied(image);
  if (!image.separatePlanes) return rgbOf(decoded[0], image.samples, opacity, multiplied);
  return rgbOf(interleaved(decoded), planes.length, opacity === undefined ? undefined : 3, multiplied);
}

/** The planes of a tile as they are stored, without compression. */
function decodePlanes(image: TiffImage, planes: readonly Uint8Array[], rows: number): Promise<Uint8Array[]> {
  const samples = image.separatePlanes ? 1 : image.samples;
  return Promise.all(planes.map((plane) => decodeSamples(image, plane, image.tileWidth * samples, rows, samples)));
}

/** Whether nothing in a tile has any opacity. `planes` as of {@link decodeTile}. */
export async function isTransparent(
  image: TiffImage,
  planes: readonly Uint8Array[],
  rows: number,
  opacity: number,
): Promise<boolean> {
  const decoded = await decodePlanes(image, planes, rows);
  if (image.separatePlanes) return decoded[3].every((value) => value === 0);
  const [samples] = decoded as [Uint8Array];
  for (let i = opacity; i < samples.length; i += image.samples) if (samples[i] !== 0) return false;
  return true;
}

/** A tile that is an image file of its own (JPEG, WebP), which must have the tile's size. */
async function decodePicture(file: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const image = await decodeImage(file, width * height);
  if (image.width !== width || image.height !== height) {
    throw new Error(`the image is ${image.width} × ${image.height} × 3, not ${width} × ${height} × 3`);
  }
  return image.data;
}

/** Plain samples, `rows` rows of `rowBytes` bytes. */
async function decodeSamples(
  { compression, predictor }: TiffImage,
  bytes: Uint8Array,
  rowBytes: number,
  rows: number,
  samples: number,
): Promise<Uint8Array> {
  const size = rowBytes * rows;
  const plain = await decompress(compression, bytes, size);
  if (plain.length < size) throw new Error(`${plain.length} of ${size} bytes`);
  if (predictor === 2) undoDifferences(plain, rowBytes, rows, samples);
  else if (predictor !== 1) throw new Error(`predictor ${predictor}`);
  return plain;
}

async function decompress(compression: number, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  switch (compression) {
    case COMPRESSION.none:
      return bytes;
    case COMPRESSION.lzw:
      return undoLzw(bytes, size);
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate:
      return inflate(bytes, size);
    default:
      return undoPackBits(bytes, size);
  }
}

/** Undoes PackBits (TIFF 6.0, section 9): runs of n + 1 bytes as they are, or of 1 − n times one byte where n is negative. */
function undoPackBits(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let written = 0;
  for (let at = 0; at < data.length && written < size;) {
    const n = (data[at++] << 24) >> 24;
    if (n >= 0) out.set(data.subarray(at, at + Math.min(n + 1, size - written)), written);
    else if (n > -128) out.fill(data[at], written, written + 1 - n);
    written += n >= 0 ? n + 1 : n > -128 ? 1 - n : 0;
    at += n >= 0 ? n + 1 : n > -128 ? 1 : 0;
  }
  return out.subarray(0, Math.min(written, size));
}

/** Undoes horizontal differencing (TIFF 6.0, section 14): every sample is stored as its difference from that of the pixel before. */
function undoDifferences(plain: Uint8Array, rowBytes: number, rows: number, samples: number): void {
  for (let row = 0; row < rows; row++) {
    for (let i = row * rowBytes + samples; i < (row + 1) * rowBytes; i++) plain[i] = plain[i] + plain[i - samples];
  }
}

function interleaved(planes: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(planes.length * planes[0].length);
  for (const [p, plane] of planes.entries())
    for (let i = 0; i < planes[0].length; i++) out[planes.length * i + p] = plane[i];
  return out;
}

/** Red, green and blue of pixels that may have more samples, on white where one of them is their opacity. */
function rgbOf(plain: Uint8Array, samples: number, opacity: number | undefined, multiplied: boolean): Uint8Array {
  if (samples === 3) return plain;
  const pixels = Math.floor(plain.length / samples);
  const out = new Uint8ClampedArray(3 * pixels);
  for (let p = 0; p < pixels; p++) {
    const part = opacity === undefined ? 1 : plain[p * samples + opacity] / 255;
    for (let c = 0; c < 3; c++) {
      const value = plain[p * samples + c];
      out[3 * p + c] = 255 * (1 - part) + (multiplied ? value : part * value);
    }
  }
  return new Uint8Array(out.buffer);
}
