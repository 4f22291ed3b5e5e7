import { loadOpenJpeg } from '#codec';
import { WorkError } from '../../files/errors.js';
import { joinBytes } from '../../files/source.js';

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP14 = 0xee;

/** How the three components of a JPEG are to be understood. */
export type JpegColours = 'RGB' | 'YCbCr';

/** An Adobe marker segment, which says whether the components were transformed to YCbCr (ITU-T T.872, 6.5.3). */
const adobe = (colours: JpegColours) =>
  Uint8Array.of(0xff, APP14, 0, 14, ...ADOBE, 0, 100, 0, 0, 0, 0, colours === 'YCbCr' ? 1 : 0);
const ADOBE = new TextEncoder().encode('Adobe');

/** Marker segments of a JPEG stream up to the first scan, without markers that say how to understand the colours; and where they end. */
function tableSegments(jpeg: Uint8Array): { segments: Uint8Array[]; end: number } {
  const segments: Uint8Array[] = [];
  let at = jpeg[0] === 0xff && jpeg[1] === SOI ? 2 : 0;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1];
    if (marker === SOS || marker === EOI) break;
    const end = at + 2 + ((jpeg[at + 2] << 8) | jpeg[at + 3]);
    if (marker !== APP0 && marker !== APP14) segments.push(jpeg.subarray(at, end));
    at = end;
  }
  return { segments, end: at };
}

/**
 * A JPEG that stands alone, from a tile of a TIFF file and the tables that its tiles share (TIFF Technical Note 2). What the file
 * says of the colours goes with it: Aperio's tiles are RGB and do not say so.
 */
export function standaloneJpeg(tile: Uint8Array, tables: Uint8Array | undefined, colours: JpegColours): Uint8Array {
  const { segments, end } = tableSegments(tile);
  const shared = tables ? tableSegments(tables).segments : [];
  return joinBytes([Uint8Array.of(0xff, SOI), adobe(colours), ...shared, ...segments, tile.subarray(end)]);
}

/** OpenJPEG's number for a decoded image in sRGB, whether it was so or was converted from YCbCr with fewer pixels of colour. */
const SRGB = 1;

/** What the library said was wrong; it prints and goes on. */
let complaints: string[] = [];
let library: ReturnType<typeof loadOpenJpeg> | undefined;

function openJpeg(): ReturnType<typeof loadOpenJpeg> {
  const listen = (line: string) => {
    if (line.includes('[ERROR]')) complaints.push(line.replace(/.*\[ERROR\]\s*/, ''));
  };
  library ??= loadOpenJpeg({ print: listen, printErr: listen }).catch((error: unknown) => {
    library = undefined; // the next tile tries again
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkError(
      `The decoder of JPEG 2000 cannot be loaded (${reason}). A browser needs its .wasm file beside the program.`,
      { cause: error },
    );
  });
  return library;
}

/**
 * Decodes a JPEG 2000 codestream of three 8-bit components and of the given size.
 * @param colours What the components are, where the codestream does not say it.
 * @returns RGB, `[height, width, 3]`.
 * @throws Error for a codestream that is damaged or of another size; {@link WorkError} where the decoder itself is missing.
 */
export async function decodeJpeg2000(
  file: Uint8Array,
  width: number,
  height: number,
  colours: 'RGB' | 'YCbCr',
): Promise<Uint8Array> {
  const { J2KDecoder } = await openJpeg();
  complaints = [];
  try {
    const decoder = new J2KDecoder();
    decoder.getEncodedBuffer(file.length).set(file);
    decoder.decode();
    if (complaints.length > 0) throw new Error(complaints[0]);
    const frame = decoder.getFrameInfo();
    if (frame.width !== width || frame.height !== height || frame.componentCount !== 3 || frame.bitsPerSample !== 8) {
      throw new Error(
        `the tile is ${frame.width} × ${frame.height} × ${frame.componentCount}, ${frame.bitsPerSample} bits, not ${width} × ${height} × 3`,
      );
    }
    const pixels = Uint8Array.from(decoder.getDecodedBuffer());
    if (colours === 'YCbCr' && decoder.getColorSpace() !== SRGB) toRgb(pixels);
    decoder.delete();
    return pixels;
  } catch (error) {
    // Nobody knows what the library's memory holds after damaged data: the next tile gets a new one.
    library = undefined;
    throw new Error(complaints[0] ?? (error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

/** YCbCr to RGB in place (ITU-R BT.601, full range, as JFIF has it). */
function toRgb(pixels: Uint8Array): void {
  const clamped = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    const [y, cb, cr] = [pixels[i], pixels[i + 1] - 128, pixels[i + 2] - 128];
    clamped[i] = y + 1.402 * cr;
    clamped[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    clamped[i + 2] = y + 1.772 * cb;
  }
}
