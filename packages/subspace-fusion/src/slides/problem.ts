import { UserError } from '../files/user-error.js';

/** "slide.svs: what is wrong. What to do about it." */
export function slideError(file: string, message: string, remedy: string): UserError {
  return new UserError(`${file}: ${message}. ${remedy}.`);
}

/** A file that is damaged, or that came down only in part. */
export function damaged(file: string, what: string): UserError {
  return slideError(file, `the file is damaged or cut short (${what})`, 'Copy or download it again');
}

const CONVERT =
  'Convert it with libvips: vips tiffsave SLIDE slide.tif --tile --pyramid --bigtiff --compression jpeg --Q 90';

/** A slide of a format that is not read. */
export function notRead(file: string, what: string): UserError {
  return slideError(file, `${what} is not read; Aperio SVS, pyramidal TIFF, OME-TIFF, PNG and JPEG are`, CONVERT);
}
