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
