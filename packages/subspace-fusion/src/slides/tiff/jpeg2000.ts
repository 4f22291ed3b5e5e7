import { loadOpenJpeg } from '#codec';
import { WorkError } from '../../files/errors.js';

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

/** What a codestream begins with: its start, and the marker of its sizes (ITU-T T.800, A.4.1 and A.5.1). */
const SOC_SIZ = 0xff4fff51;
/** Pieces in which a codestream is coded; those of slides have one. The decoder takes memory for each before it looks at them. */
const MOST_PIECES = 64;

/**
 * Refuses a codestream that is not of this size, three components of 8 bits and few pieces, before the decoder takes memory for what it says.
 * @throws Error
 */
function checkSize(file: Uint8Array, width: number, height: number): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 51 || view.getUint32(0) !== SOC_SIZ) throw new Error('it is no JPEG 2000 codestream');
  const [right, bottom, left, top, pieceWidth, pieceHeight] = [8, 12, 16, 20, 24, 28].map((at) => view.getUint32(at));
  const components = view.getUint16(40);
  const bits = (view.getUint8(42) & 0x7f) + 1;
  if (right - left !== width || bottom - top !== height || components !== 3 || bits !== 8)
    throw new Error(
      `the tile is ${right - left} × ${bottom - top} × ${components}, ${bits} bits, not ${width} × ${height} × 3`,
    );
  if (Math.ceil(width / pieceWidth) * Math.ceil(height / pieceHeight) > MOST_PIECES)
    throw new Error(`the tile is coded in pieces of ${pieceWidth} × ${pieceHeight}`);
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
  checkSize(file, width, height);
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
