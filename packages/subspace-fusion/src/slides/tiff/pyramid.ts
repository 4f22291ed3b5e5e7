import { needsConversion, notRead, slideError } from '../slide.js';
import type { TiffImage } from './directories.js';
import { unreadable } from './image-kind.js';

/** Which program's kind of TIFF it is. Throws {@link InputError} for those whose tiles do not lie as in a plain pyramid. */
export function tiffFormat(file: string, images: readonly TiffImage[]): string {
  const [{ description, maker }] = images as [TiffImage];
  if (maker.ndpi) throw notRead(file, 'Hamamatsu NDPI');
  if (description.includes('<scn')) throw notRead(file, 'Leica SCN');
  if (/^philips/i.test(maker.software)) throw notRead(file, 'the TIFF of Philips');
  if (maker.software.startsWith('MedScan')) throw notRead(file, 'the TIFF of Trestle'); // its tiles overlap
  if (maker.xmp.includes('<iScan')) throw notRead(file, 'Ventana BIF');
  if (description.startsWith('Aperio')) return 'Aperio SVS';
  return /<(\w+:)?OME\b/.test(description) ? 'OME-TIFF' : 'TIFF';
}

/** Whether b shows all of a at a lower resolution: the same proportions up to the rounding of a level's size. */
function isSmallerCopy(a: TiffImage, b: TiffImage): boolean {
  const height = (a.height * b.width) / a.width;
  return b.width < a.width && b.height < a.height && Math.abs(b.height - height) <= 2 + 0.002 * height;
}

/**
 * The levels of a pyramid, finest first: the largest image and its smaller copies. Labels, macros and thumbnails of another kind (strips
 * beside tiles) are none.
 * @throws {InputError} where the largest image is none that is read.
 */
export function pyramidOf(file: string, images: readonly TiffImage[]): TiffImage[] {
  const pixels = ({ width, height, tiled }: TiffImage) => (tiled ? 1 : 1e-9) * width * height; // any tiled image before any other
  const base = [...images].sort((a, b) => pixels(b) - pixels(a)).at(0);
  if (!base || base.width < 1 || base.height < 1 || base.tileWidth < 1 || base.tileHeight < 1) {
    throw slideError(file, 'there is no image in the file', 'Copy or download it again');
  }
  const problem = unreadable(base);
  if (problem) throw needsConversion(file, problem.message, problem.first);
  const others = [...images, ...base.subImages]
    .filter((image) => image.tiled === base.tiled && isSmallerCopy(base, image) && unreadable(image) === undefined)
    .sort((a, b) => b.width - a.width);
  return [base, ...others.filter(({ width }, i) => i === 0 || width < others[i - 1].width)];
}
