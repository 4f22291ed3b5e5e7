import { stat } from 'node:fs/promises';
import { fileSource } from '../files/file-source.js';
import { openSlide } from './open-slide.js';
import { openByOpenSlide } from './openslide/open.js';
import { FormatNotRead, slideError, type Slide } from './slide.js';

/**
 * Opens a slide of this machine: {@link openSlide} for a path, and OpenSlide for the formats that it does not read.
 * @throws {InputError} for a file that is missing, damaged, or of another kind.
 */
export async function openSlideFile(path: string): Promise<Slide> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw slideError(path, 'there is no such file', 'Check its name');
  if (!found.isFile()) throw slideError(path, 'this is not a file', 'Name a slide');
  try {
    return await openSlide(await fileSource(path));
  } catch (error) {
    if (!(error instanceof FormatNotRead)) throw error;
    // What our reader refuses as a scanner's own form of TIFF must not be read as a plain one.
    const slide = await openByOpenSlide(path, ['generic-tiff']);
    if (typeof slide === 'object') return slide;
    throw slide === undefined ? error : new FormatNotRead(error.file, error.what, slide);
  }
}
