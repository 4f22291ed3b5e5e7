import sharp from 'sharp';
import { UserError } from '../files/user-error.js';

/** A picture of the whole slide to draw under the patches, in pale grey. */
export interface Thumbnail {
  /** `data:` address of the picture. */
  readonly href: string;
  /** What it covers, in the units of the patches' coordinates, from the slide's upper left corner. */
  readonly width: number;
  readonly height: number;
}

/** Longest edge that is embedded. */
const EDGE = 1024;

/**
 * Reads a picture (PNG, JPEG, TIFF, WebP) of a whole slide.
 * @param downsample Pixels of level 0 along the edge of one of its pixels
 * @throws UserError where it is no picture.
 */
export async function readThumbnail(file: string, downsample: number): Promise<Thumbnail> {
  try {
    const picture = sharp(file);
    const { width, height } = await picture.metadata();
    const small = picture
      .resize({ width: EDGE, height: EDGE, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#fff' });
    // Pale grey: the colours of a stain would mix with those of the maps.
    const jpeg = await small.greyscale().linear(0.6, 100).jpeg({ quality: 75 }).toBuffer();
    return {
      href: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
      width: width * downsample,
      height: height * downsample,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UserError(`${file}: is no picture that can be read (${reason}). Give a PNG or JPEG of the whole slide.`);
  }
}
