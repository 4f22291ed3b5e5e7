import { kindOfSource, type FileKind } from '../files/signature.js';
import type { Source } from '../files/source.js';
import { openImageSlide } from './image-slide.js';
import { damaged, notRead, slideError, type Slide } from './slide.js';
import { openTiffSlide } from './tiff/tiff-slide.js';

/**
 * Opens a slide or a region, by its content whatever its name: Aperio SVS, pyramidal or plain TIFF, OME-TIFF, PNG, JPEG. The source is
 * closed with the slide, or earlier where it is needed no more.
 * @throws {InputError} for a file that is damaged, or of another kind.
 */
export async function openSlide(source: Source): Promise<Slide> {
  try {
    const kind = await kindOfSource(source);
    if (kind === 'tiff') return await openTiffSlide(source);
    if (kind !== 'png' && kind !== 'jpeg') throw noSlide(source, kind);
    const slide = await openImageSlide(source);
    await source.close();
    return slide;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What a file is instead, by its first bytes. */
function noSlide({ name: file, size }: Source, kind: FileKind) {
  if (size === 0) return damaged(file, 'it is empty');
  if (kind === 'dicom') return notRead(file, 'DICOM');
  if (kind === 'czi') return notRead(file, 'Zeiss CZI');
  if (kind === 'git lfs')
    return slideError(file, 'this is a Git LFS pointer, not the slide itself', 'Fetch it with `git lfs pull`');
  if (/\.mrxs$/i.test(file)) return notRead(file, '3DHISTECH MRXS');
  return notRead(file, kind === 'text' ? 'a text file' : 'this kind of file');
}
