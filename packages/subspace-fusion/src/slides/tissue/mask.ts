import type { Thumbnail } from '../thumbnail.js';
import { grow, removeSmallAreas } from './components.js';
import { isInk } from './ink.js';
import { otsu } from './otsu.js';

/** Where the tissue is, on the thumbnail's pixels. */
export interface TissueMask {
  readonly width: number;
  readonly height: number;
  /** 1 for tissue, row by row. */
  readonly cells: Uint8Array;
  /** Saturation from 0 to 255 above which a pixel counted as tissue. */
  readonly threshold: number;
}

/** Saturations between which the threshold must lie: glass has less than the first, stained tissue more than the second. */
const LEAST_THRESHOLD = 15;
const MOST_THRESHOLD = 38;

/** Saturation of HSV, 0 to 255. */
function saturation(red: number, green: number, blue: number): number {
  const largest = Math.max(red, green, blue);
  return largest === 0 ? 0 : Math.round((255 * (largest - Math.min(red, green, blue))) / largest);
}

/**
 * Finds tissue on a thumbnail: what is more saturated than Otsu's threshold and no ink, without specks and with holes filled.
 *
 * The threshold is held between what glass and stained tissue have: a region without glass would otherwise be divided within the
 * tissue, and an empty slide within its glass.
 * @param smallest Area in pixels of the thumbnail below which a speck is removed and a hole is filled.
 */
export function findTissue({ width, height, pixels }: Thumbnail, smallest: number): TissueMask {
  const cells = width * height;
  const values = new Uint8Array(cells);
  const histogram = new Uint32Array(256);
  let ink: Uint8Array = new Uint8Array(cells);
  for (let i = 0; i < cells; i++) {
    const [red, green, blue] = [pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]];
    values[i] = saturation(red, green, blue);
    ink[i] = isInk(red, green, blue) ? 1 : 0;
    if (!ink[i]) histogram[values[i]]++;
  }
  removeSmallAreas(ink, width, 1, Math.max(4, smallest / 8));
  ink = grow(ink, width, 2); // a pen's edge is a mixture with what lies below
  const threshold = Math.min(MOST_THRESHOLD, Math.max(LEAST_THRESHOLD, otsu(histogram).threshold));
  const mask = Uint8Array.from(values, (value, i) => (value > threshold && !ink[i] ? 1 : 0));
  removeSmallAreas(mask, width, 1, smallest);
  removeSmallAreas(mask, width, 0, smallest);
  for (let i = 0; i < cells; i++) if (ink[i]) mask[i] = 0; // a filled hole may have been a pen's
  return { width, height, cells: mask, threshold };
}
