import { decodeImage, inflate } from '#codec';
import { decodeJpeg2000, standaloneJpeg } from './codecs.js';
import type { TiffImage } from './directories.js';

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

/** Compressions of TIFF by their numbers. Aperio's two of JPEG 2000 differ in the colours. */
const NONE = 1,
  LZW = 5,
  JPEG = 7,
  DEFLATE = 8,
  OLD_DEFLATE = 32946,
  PACKBITS = 32773,
  APERIO_YCBCR = 33003,
  APERIO_RGB = 33005,
  WEBP = 50001;

/** Compressions that store plain samples. */
const PLAIN = new Set([NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS]);
const PICTURES = new Set([JPEG, APERIO_YCBCR, APERIO_RGB, WEBP]);

const RGB = 2,
  YCBCR = 6;

/** Why an image cannot be read, or undefined where it can. */
export function unreadable({ compression, photometric, bits, samples, separatePlanes }: TiffImage): string | undefined {
  if (!PLAIN.has(compression) && !PICTURES.has(compression)) return `compression ${compression}`;
  if (bits.some((n) => n !== 8)) return `${bits[0]} bits a sample; 8-bit RGB is needed`;
  if (samples < 3) return 'an image of one channel; 8-bit RGB in one image is needed';
  if (photometric !== RGB && !(photometric === YCBCR && PICTURES.has(compression)))
    return `photometric interpretation ${photometric}; RGB is needed`;
  if (separatePlanes && PICTURES.has(compression)) return 'separate planes of a compressed image';
  return undefined;
}

/**
 * Decodes one tile of `rows` rows.
 * @returns RGB `[rows, tileWidth, 3]`.
 * @throws Error where the bytes are damaged.
 */
export async function decodeTile(image: TiffImage, planes: readonly Uint8Array[], rows: number): Promise<Uint8Array> {
  const { compression, photometric, tileWidth, jpegTables } = image;
  const [bytes] = planes as [Uint8Array];
  switch (compression) {
    case JPEG:
      return decodePicture(standaloneJpeg(bytes, jpegTables, photometric === RGB ? 'RGB' : 'YCbCr'), tileWidth, rows);
    case WEBP:
      return decodePicture(bytes, tileWidth, rows);
    case APERIO_YCBCR:
      return decodeJpeg2000(bytes, tileWidth, rows, 'YCbCr');
    case APERIO_RGB:
      return decodeJpeg2000(bytes, tileWidth, rows, 'RGB');
  }
  const samples = image.separatePlanes ? 1 : image.samples;
  const decoded = await Promise.all(
    planes.map((plane) => decodeSamples(image, plane, tileWidth * samples, rows, samples)),
  );
  return image.separatePlanes ? interleaved(decoded) : firstThree(decoded[0], samples);
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
    case NONE:
      return bytes;
    case LZW:
      return undoLzw(bytes, size);
    case DEFLATE:
    case OLD_DEFLATE:
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
  return Uint8Array.from({ length: 3 * planes[0].length }, (_, i) => planes[i % 3][Math.floor(i / 3)]);
}

/** Red, green and blue of pixels that may have more samples; where the fourth is opacity, what is transparent is white. */
function firstThree(plain: Uint8Array, samples: number): Uint8Array {
  if (samples === 3) return plain;
  const pixels = plain.length / samples;
  const out = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p++) {
    const opacity = plain[p * samples + 3] / 255;
    for (let c = 0; c < 3; c++) out[3 * p + c] = Math.round(255 + opacity * (plain[p * samples + c] - 255));
  }
  return out;
}
