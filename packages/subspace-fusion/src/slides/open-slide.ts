import type { Source } from '../files/source.js';
import { openImageSlide } from './image-slide.js';
import { damaged, notRead, slideError, type Slide } from './slide.js';
import { openTiffSlide } from './tiff/tiff-slide.js';

/** What the first four bytes of a TIFF or BigTIFF are, in either byte order. */
const TIFF = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'];

/**
 * Opens a slide or a region, by its content whatever its name: Aperio SVS, pyramidal or plain TIFF, OME-TIFF, PNG, JPEG. The source is
 * closed with the slide, or earlier where it is needed no more.
 * @throws {InputError} for a file that is damaged, or of another kind.
 */
export async function openSlide(source: Source): Promise<Slide> {
  try {
    const head = String.fromCharCode(...(await source.read(0, 256)));
    if (TIFF.some((start) => head.startsWith(start))) return await openTiffSlide(source);
    if (!head.startsWith('\x89PNG') && !head.startsWith('\xff\xd8\xff')) throw noSlide(source.name, head);
    const slide = await openImageSlide(source);
    await source.close();
    return slide;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What a file is instead, by its first bytes. */
function noSlide(file: string, head: string) {
  if (head.length === 0) return damaged(file, 'it is empty');
  if (head.startsWith('DICM', 128)) return notRead(file, 'DICOM');
  if (head.startsWith('ZISRAWFILE')) return notRead(file, 'Zeiss CZI');
  if (head.startsWith('version https://git-lfs'))
    return slideError(file, 'this is a Git LFS pointer, not the slide itself', 'Fetch it with `git lfs pull`');
  if (/\.mrxs$/i.test(file)) return notRead(file, '3DHISTECH MRXS');
  return notRead(file, /^[\t\n\r\x20-\x7e]*$/.test(head) ? 'a text file' : 'this kind of file');
}
