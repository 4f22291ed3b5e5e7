import { basename } from 'node:path';
import sharp from 'sharp';
import { blank, damaged, paste, slideError, type Slide } from './slide.js';
import { scaleOfDensity } from './tiff/pyramid.js';

/** A plain image is held in memory whole: 400 MB for so many pixels. */
const MOST_PIXELS = 2 ** 27;

/**
 * Opens a PNG or JPEG of a region: one level, no magnification, micrometres where its resolution can be that of a microscope.
 * @throws {InputError} for an image that is damaged, grey, or too large to be held in memory.
 */
export async function openImageSlide(file: string): Promise<Slide> {
  const broken = (error: unknown) =>
    damaged(
      file,
      (error as Error).message
        .replace(/^Input file: ?/i, '')
        .replaceAll(basename(file), '')
        .trim()
        .split('\n')[0],
    );
  const { width, height, channels, density, format } = await sharp(file, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw broken(error);
    });
  if (width * height > MOST_PIXELS) {
    const remedy =
      'Convert it to a tiled TIFF: vips tiffsave IMAGE region.tif --tile --pyramid --compression jpeg --Q 90';
    throw slideError(file, `an image of ${width} × ${height} pixels cannot be read piece by piece`, remedy);
  }
  if (channels < 3) throw slideError(file, 'the image has no colours', 'Give the RGB image of the stained section');
  const { data } = await sharp(file, { failOn: 'error', limitInputPixels: MOST_PIXELS })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw broken(error);
    });
  const whole = { width, height, pixels: data };
  return {
    format: format.toUpperCase(),
    levels: [{ width, height, downsample: 1 }],
    ...scaleOfDensity(density),
    async read(_level, { x, y, width, height }) {
      const out = blank(width, height);
      paste(out, whole, -x, -y);
      return Promise.resolve(out);
    },
    close: () => Promise.resolve(),
  };
}
