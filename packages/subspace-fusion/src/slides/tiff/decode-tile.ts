import { decodeImage, inflate } from '#codec';
import type { TiffImage } from './directories.js';
import { standaloneJpeg, type JpegColours } from './jpeg-tile.js';
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

const GRAY = [0, 1],
  RGB = 2,
  PALETTE = 3,
  YCBCR = 6;

/** What an image is that cannot be read, and what is needed; undefined where it can be read. */
export interface Unreadable {
  /** "a TIFF of one channel" */
  readonly what: string;
  /** What to do before it is converted; undefined where the conversion is all. */
  readonly first?: string;
}

export function unreadable({
  compression,
  photometric,
  bits,
  samples,
  separatePlanes,
}: TiffImage): Unreadable | undefined {
  if (!PLAIN.has(compression) && !PICTURES.has(compression)) return { what: `a TIFF in compression ${compression}` };
  if (photometric === PALETTE) return { what: 'a TIFF with a palette' };
  if (samples < 3 || GRAY.includes(photometric))
    return {
      what: 'a TIFF of one channel, in shades of gray,',
      first: 'Give the RGB image of the stained section. Or make it RGB with libvips: vips colourspace SLIDE rgb.tif srgb',
    };
  if (bits.some((n) => n !== 8)) return { what: `a TIFF of ${bits[0]} bits a sample` };
  if (photometric !== RGB && !(photometric === YCBCR && PICTURES.has(compression)))
    return { what: photometric < 0 ? 'a TIFF that does not say what its colours are' : `a TIFF of the photometric interpretation ${photometric}` };
  if (separatePlanes && PICTURES.has(compression)) return { what: 'a compressed TIFF in separate planes' };
  if (compression === JPEG && samples !== 3) return { what: `a JPEG TIFF of ${samples} channels` };
  return undefined;
}

/** Whether the tiles are JPEG and, with that, may say themselves what their colours are. */
export const isJpeg = ({ compression }: TiffImage): boolean => compression === JPEG;

/** What the file says of the colours of its tiles. */
export const taggedColours = ({ photometric }: TiffImage): JpegColours => (photometric === RGB ? 'RGB' : 'YCbCr');

/** Which sample of a pixel is its opacity, by what the file says; undefined where none is, or where tiles are images of their own. */
export function opacitySample({ compression, extraSamples }: TiffImage): number | undefined {
  const extra = extraSamples.findIndex((kind) => kind === MULTIPLIED || kind === OPACITY);
  return PLAIN.has(compression) && extra >= 0 ? 3 + extra : undefined;
}
const MULTIPLIED = 1,
  OPACITY = 2;

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
    case JPEG:
      return decodePicture(standaloneJpeg(bytes, jpegTables, taggedColours(image)), tileWidth, rows);
    case WEBP:
      return decodePicture(bytes, tileWidth, rows);
    case APERIO_YCBCR:
      return decodeJpeg2000(bytes, tileWidth, rows, 'YCbCr');
    case APERIO_RGB:
      return decodeJpeg2000(bytes, tileWidth, rows, 'RGB');
  }
  const decoded = await decodePlanes(image, planes, rows);
  const multiplied = image.extraSamples.includes(MULTIPLIED);
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
