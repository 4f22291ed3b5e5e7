import { open, stat } from 'node:fs/promises';
import { openImageSlide } from './image-slide.js';
import { damaged, notRead, slideError, type Slide } from './slide.js';
import { openTiffSlide } from './tiff/tiff-slide.js';

const startsWith = (head: Buffer, text: string, at = 0) =>
  head.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'));

/**
 * Opens a slide or a region, by its content whatever its name: Aperio SVS, pyramidal or plain TIFF, OME-TIFF, PNG, JPEG.
 * @throws {InputError} for a file that is missing, damaged, or of another kind.
 */
export async function openSlide(file: string): Promise<Slide> {
  const head = await headOf(file);
  if (startsWith(head, 'II*\0') || startsWith(head, 'MM\0*') || startsWith(head, 'II+\0') || startsWith(head, 'MM\0+'))
    return openTiffSlide(file);
  if (startsWith(head, '\x89PNG') || startsWith(head, '\xff\xd8\xff')) return openImageSlide(file);
  if (head.length === 0) throw damaged(file, 'it is empty');
  if (startsWith(head, 'DICM', 128)) throw notRead(file, 'DICOM');
  if (startsWith(head, 'ZISRAWFILE')) throw notRead(file, 'Zeiss CZI');
  if (startsWith(head, 'version https://git-lfs'))
    throw slideError(file, 'this is a Git LFS pointer, not the slide itself', 'Fetch it with `git lfs pull`');
  if (/\.mrxs$/i.test(file)) throw notRead(file, '3DHISTECH MRXS');
  throw notRead(
    file,
    head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127))
      ? 'a text file'
      : 'this kind of file',
  );
}

async function headOf(file: string): Promise<Buffer> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw slideError(file, 'there is no such file', 'Check its name');
  if (!found.isFile()) throw slideError(file, 'this is not a file', 'Name a slide');
  const handle = await open(file);
  try {
    const head = Buffer.alloc(256);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
