import type { TiffImage } from './directories.js';
import type { JpegColours } from './jpeg-tile.js';

/** Compressions of TIFF by their numbers. Aperio's two of JPEG 2000 differ in the colours. */
export const COMPRESSION = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  oldDeflate: 32946,
  packBits: 32773,
  aperioYcbcr: 33003,
  aperioRgb: 33005,
  webp: 50001,
} as const;

/** Compressions that store plain samples, and those in which a tile is an image of its own. */
const PLAIN: readonly number[] = [
  COMPRESSION.none,
  COMPRESSION.lzw,
  COMPRESSION.deflate,
  COMPRESSION.oldDeflate,
  COMPRESSION.packBits,
];
const PICTURES: readonly number[] = [
  COMPRESSION.jpeg,
  COMPRESSION.aperioYcbcr,
  COMPRESSION.aperioRgb,
  COMPRESSION.webp,
];

const GRAY = [0, 1],
  RGB = 2,
  PALETTE = 3,
  YCBCR = 6;

/** Why an image cannot be read, and what must be done before it can be converted to one that can. */
export interface Unreadable {
  readonly message: string;
  readonly first?: string;
}

/** Why an image cannot be read; undefined where it can. */
export function unreadable(image: TiffImage): Unreadable | undefined {
  const { compression, photometric, bits, samples, separatePlanes } = image;
  const notRgb = (what: string, first?: string) => ({
    message: `a TIFF ${what} is not read: 8-bit RGB is needed`,
    ...(first === undefined ? {} : { first }),
  });
  const isPicture = PICTURES.includes(compression);
  if (!PLAIN.includes(compression) && !isPicture)
    return { message: `a TIFF in compression ${compression} is not read` };
  if (photometric === PALETTE) return notRgb('with a palette');
  if (samples < 3 || GRAY.includes(photometric))
    return notRgb(
      'of one channel',
      'Give the scan in colour. Or make RGB of it with libvips: vips colourspace SLIDE rgb.tif srgb',
    );
  if (bits.some((n) => n !== 8)) return notRgb(`of ${bits[0]} bits a sample`);
  if (photometric < 0) return notRgb('without a photometric interpretation');
  if (photometric !== RGB && !(photometric === YCBCR && isPicture))
    return notRgb(`of the photometric interpretation ${photometric}`);
  if (separatePlanes && isPicture) return { message: 'a TIFF with compressed pictures in separate planes is not read' };
  if (compression === COMPRESSION.jpeg && samples !== 3) return notRgb(`with ${samples} channels in JPEG`);
  return undefined;
}

/** Whether the tiles are JPEG and, with that, may say themselves what their colours are. */
export const isJpeg = ({ compression }: TiffImage): boolean => compression === COMPRESSION.jpeg;

/** What the file says of the colours of its tiles. */
export const taggedColours = ({ photometric }: TiffImage): JpegColours => (photometric === RGB ? 'RGB' : 'YCbCr');

/** Which sample of a pixel is its opacity, by what the file says; undefined where none is, or where tiles are images of their own. */
export function opacitySample({ compression, extraSamples }: TiffImage): number | undefined {
  const extra = extraSamples.findIndex((kind) => kind === MULTIPLIED || kind === OPACITY);
  return PLAIN.includes(compression) && extra >= 0 ? 3 + extra : undefined;
}
const MULTIPLIED = 1,
  OPACITY = 2;

/** Whether the colours were multiplied by the opacity. */
export const isMultiplied = ({ extraSamples }: TiffImage): boolean => extraSamples.includes(MULTIPLIED);
