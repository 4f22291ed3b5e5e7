import { badInput, InputError, type Problem } from '../files/errors.js';

/** One resolution of a slide. */
export interface Level {
  readonly width: number;
  readonly height: number;
  /** Pixels of level 0 along the edge of one pixel here; 1 for level 0. */
  readonly downsample: number;
  /** Tiles or strips that it is stored in, where it is: each is decoded as a whole. */
  readonly piece?: { readonly width: number; readonly height: number };
}

/** What a slide says of itself. Levels go from the finest, level 0, to the coarsest. */
export interface SlideInfo {
  readonly format: string;
  readonly levels: readonly Level[];
  /** Objective power that level 0 was scanned with. */
  readonly magnification?: number;
  /** Micrometres along the edge of a pixel of level 0. */
  readonly micrometres?: number;
  /** What the file says of its scale in words that are not understood: "the unit 'furlong' of PhysicalSizeX is not known". */
  readonly unreadScale?: string;
  /** What the file says wrongly, and how it is read. */
  readonly warnings?: readonly Problem[];
}

/** A part of a level, in its pixels; it may reach beyond the image. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An image in memory: 8-bit RGB, `[height, width, 3]`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A slide that is open for reading. */
export interface Slide extends SlideInfo {
  /**
   * Reads a part of a level; what lies beyond the image is white. Memory is that of the part and of a bounded cache.
   * @throws {InputError} where the file is damaged there.
   */
  read(level: number, region: Region): Promise<Picture>;
  close(): Promise<void>;
}

/** A white picture. */
export function blank(width: number, height: number): Picture {
  return { width, height, pixels: new Uint8Array(3 * width * height).fill(255) };
}

/** Copies `from` into `to`, its upper left corner at (x, y); what does not fit is left out. */
export function paste(to: Picture, from: Picture, x: number, y: number): void {
  const left = Math.max(0, x);
  const right = Math.min(to.width, x + from.width);
  if (right <= left) return;
  for (let row = Math.max(0, y); row < Math.min(to.height, y + from.height); row++) {
    const start = 3 * ((row - y) * from.width + left - x);
    to.pixels.set(from.pixels.subarray(start, start + 3 * (right - left)), 3 * (row * to.width + left));
  }
}

/** "slide.svs: what is wrong. What to do about it." */
export const slideError = (file: string, message: string, remedy: string): InputError =>
  badInput({ file, message, remedy });

/** A file that is damaged, or that came down only in part. */
export function damaged(file: string, what: string): InputError {
  return slideError(file, `the file is damaged or cut short (${what})`, 'Copy or download it again');
}

const CONVERT = 'vips tiffsave SLIDE slide.tif --tile --pyramid --bigtiff --compression jpeg --Q 90';
const CONVERTING = `Convert it with libvips: ${CONVERT}`;

/** A slide of a format that no reader here has; OpenSlide may read it where it is installed. */
export class FormatNotRead extends InputError {
  /**
   * @param what The format: "Hamamatsu NDPI".
   * @param first What else makes it readable: "Install the reader".
   */
  constructor(
    readonly file: string,
    readonly what: string,
    first?: string,
  ) {
    const message = `${what} is not read; Aperio SVS, pyramidal TIFF, OME-TIFF, PNG and JPEG are`;
    const remedy = first === undefined ? CONVERTING : `${first}. ${CONVERTING}`;
    super([{ severity: 'error', file, message, remedy }]);
  }
}

/** A slide of a format that is not read. */
export const notRead = (file: string, what: string): FormatNotRead => new FormatNotRead(file, what);

/**
 * A slide that would be read in another form.
 * @param first What makes `rgb.tif` of it, where that must be done before.
 */
export function needsConversion(file: string, message: string, first?: string): InputError {
  const remedy = first === undefined ? CONVERTING : `${first}; then ${CONVERT.replace('SLIDE', 'rgb.tif')}`;
  return slideError(file, message, remedy);
}
