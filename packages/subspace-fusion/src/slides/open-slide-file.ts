import { stat } from 'node:fs/promises';
import { fileSource } from '../files/file-source.js';
import { openSlide } from './open-slide.js';
import { slideError, type Slide } from './slide.js';

/**
 * Opens a slide of this machine: {@link openSlide} for a path.
 * @throws {InputError} for a file that is missing, damaged, or of another kind.
 */
export async function openSlideFile(path: string): Promise<Slide> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw slideError(path, 'there is no such file', 'Check its name');
  if (!found.isFile()) throw slideError(path, 'this is not a file', 'Name a slide');
  return openSlide(await fileSource(path));
}
