import { decodeImage, imageInfo } from '#codec';
import { kindOfSource, type FileKind } from '../files/signature.js';
import { readAll, type Source } from '../files/source.js';
import { blank, damaged, notRead, paste, slideError, type Slide } from './slide.js';
import { scaleOfDensity } from './tiff/scale.js';
import { openTiffSlide } from './tiff/tiff-slide.js';

/**
 * Opens a slide or a region, by its content whatever its name: Aperio SVS, pyramidal or plain TIFF, OME-TIFF, PNG, JPEG. The source is
 * closed with the slide, or earlier where it is needed no more.
 * @throws {InputError} for a file that is damaged, or of another kind.
 */
export async function openSlide(source: Source): Promise<Slide> {
  try {
    const kind = await kindOfSource(source);
    // Its first file is a JPEG, of a thumbnail.
    if (/\.mrxs$/i.test(source.name)) throw notRead(source.name, '3DHISTECH MRXS');
    if (kind === 'tiff') return await openTiffSlide(source);
    if (kind !== 'png' && kind !== 'jpeg') throw noSlide(source, kind);
    const slide = await openImageSlide(source);
    await source.close();
    return slide;
  } catch (error) {
    await source.close();
    // Sizes and places that no file can have.
    throw error instanceof RangeError ? damaged(source.name, error.message) : error;
  }
}

/** What a file is instead, by its first bytes. */
function noSlide({ name: file, size }: Source, kind: FileKind) {
  if (size === 0) return damaged(file, 'it is empty');
  if (kind === 'dicom') return notRead(file, 'DICOM');
  if (kind === 'czi') return notRead(file, 'Zeiss CZI');
  if (kind === 'git lfs')
    return slideError(file, 'this is a Git LFS pointer, not the slide itself', 'Fetch it with `git lfs pull`');
  return notRead(file, kind === 'text' ? 'a text file' : 'this kind of file');
}

/** A plain image is held in memory whole: 400 MB for so many pixels. */
const MOST_PIXELS = 2 ** 27;
/** What an image says of itself comes within so many bytes, long colour profiles before it. */
const HEADER_BYTES = 32 << 20;

/**
 * Opens a PNG or JPEG of a region: one level, no magnification, micrometres where its resolution can be that of a microscope. It
 * is decoded here, and the source is needed no more.
 * @throws {InputError} for an image that is damaged, grey, or too large to be held in memory.
 */
async function openImageSlide(source: Source): Promise<Slide> {
  const { name: file } = source;
  const broken = (error: unknown) => {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return damaged(file, line.replace(/^Input buffer:? ?/i, ''));
  };
  const start = await source.read(0, HEADER_BYTES);
  const { width, height, channels, density, format } = await imageInfo(start).catch((error: unknown) => {
    throw broken(error);
  });
  if (width * height > MOST_PIXELS) {
    const remedy =
      'Convert it to a tiled TIFF: vips tiffsave IMAGE region.tif --tile --pyramid --compression jpeg --Q 90';
    throw slideError(file, `an image of ${width} × ${height} pixels cannot be read piece by piece`, remedy);
  }
  if (channels < 3) throw slideError(file, 'the image has no colours', 'Give the RGB image of the stained section');
  const bytes = start.length === source.size ? start : await readAll(source);
  const decoded = await decodeImage(bytes, MOST_PIXELS).catch((error: unknown) => {
    throw broken(error);
  });
  if (decoded.width !== width || decoded.height !== height)
    throw damaged(file, `${decoded.width} × ${decoded.height} pixels, not ${width} × ${height}`);
  const whole = { width, height, pixels: decoded.data };
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
