import type { Thumbnail } from './thumbnail.js';

/**
 * Gives every connected area of cells of `value` (neighbours share an edge) that has fewer than `least` cells the other value, in
 * place.
 */
export function removeSmallAreas(mask: Uint8Array, width: number, value: 0 | 1, least: number): void {
  const seen = new Uint8Array(mask.length);
  const stack: number[] = [];
  for (let seed = 0; seed < mask.length; seed++) {
    if (seen[seed] || mask[seed] !== value) continue;
    const area: number[] = [];
    const visit = (cell: number) => {
      if (seen[cell] || mask[cell] !== value) return;
      seen[cell] = 1;
      stack.push(cell);
    };
    visit(seed);
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      area.push(cell);
      const column = cell % width;
      if (column > 0) visit(cell - 1);
      if (column < width - 1) visit(cell + 1);
      if (cell >= width) visit(cell - width);
      if (cell + width < mask.length) visit(cell + width);
    }
    if (area.length < least) for (const cell of area) mask[cell] = value === 1 ? 0 : 1;
  }
}

/** The mask, and every cell that has one of it within `radius` cells along rows or columns. */
export function grow(mask: Uint8Array, width: number, radius: number): Uint8Array {
  const height = mask.length / width;
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
        out.fill(1, v * width + Math.max(0, x - radius), v * width + Math.min(width, x + radius + 1));
      }
    }
  }
  return out;
}

/** Optical density of an 8-bit value: 0 for white, 1 for a tenth of the light. */
const DENSITY = Float64Array.from({ length: 256 }, (_, v) => -Math.log10(Math.max(v, 1) / 255));

/** By how much red must be denser than green; bluish glass and the edges of nuclei stay below. */
const COLD = 0.06;
/** Mean density that a stained section does not reach: black, or a pen over tissue. */
const OPAQUE = 0.8;
/** A red pen takes away nearly all of green and almost as much of blue; eosin leaves blue. */
const RED_SATURATION = 0.75;
const RED_BLUE_TO_GREEN = 0.8;

/**
 * Whether a colour is that of a pen, or black. Haematoxylin and eosin both absorb green the most (Ruifrok and Johnston 2001), so what
 * absorbs red more than green is blue or green ink.
 */
export function isInk(red: number, green: number, blue: number): boolean {
  const [r, g, b] = [DENSITY[red], DENSITY[green], DENSITY[blue]];
  if (r > g + COLD || r + g + b > 3 * OPAQUE) return true;
  const saturation = (red - Math.min(green, blue)) / red;
  return saturation > RED_SATURATION && b > RED_BLUE_TO_GREEN * g;
}

/**
 * Otsu's threshold (IEEE Trans. SMC 9:62, 1979): the value t that divides a histogram into 0…t and the rest with the largest variance
 * between the two. Also the means of both parts.
 */
export function otsu(histogram: ArrayLike<number>): { threshold: number; below: number; above: number } {
  let [count, sum] = [0, 0];
  for (let v = 0; v < histogram.length; v++) {
    count += histogram[v];
    sum += v * histogram[v];
  }
  let best = { threshold: 0, below: 0, above: 0, variance: -1 };
  let [n, s] = [0, 0];
  for (let v = 0; v < histogram.length - 1; v++) {
    n += histogram[v];
    s += v * histogram[v];
    if (n === 0 || n === count) continue;
    const [below, above] = [s / n, (sum - s) / (count - n)];
    const variance = n * (count - n) * (above - below) ** 2;
    if (variance > best.variance) best = { threshold: v, below, above, variance };
  }
  return best;
}

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

/** A speck or hole is at most this part of the picture: a region may be a single patch. */
const AREAS = 64;

/** Saturation of HSV, 0 to 255. */
function saturation(red: number, green: number, blue: number): number {
  const largest = Math.max(red, green, blue);
  return largest === 0 ? 0 : Math.round((255 * (largest - Math.min(red, green, blue))) / largest);
}

/**
 * Finds tissue on a thumbnail: what is more saturated than Otsu's threshold and no ink, with holes filled and then without specks.
 *
 * The threshold is held between what glass and stained tissue have: a region without glass would otherwise be divided within the
 * tissue, and an empty slide within its glass.
 * @param smallest Area in pixels of the thumbnail below which a hole is filled and a speck is removed; at most 1/64 of the picture is taken.
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
  const least = Math.max(4, Math.min(smallest, cells / AREAS));
  removeSmallAreas(ink, width, 1, Math.max(4, least / 8));
  ink = grow(ink, width, 2); // a pen's edge is a mixture with what lies below
  const threshold = Math.min(MOST_THRESHOLD, Math.max(LEAST_THRESHOLD, otsu(histogram).threshold));
  const mask = Uint8Array.from(values, (value, i) => (value > threshold && !ink[i] ? 1 : 0));
  removeSmallAreas(mask, width, 0, least); // holes first: pale tissue is a net, whose threads alone would be specks
  removeSmallAreas(mask, width, 1, least);
  for (let i = 0; i < cells; i++) if (ink[i]) mask[i] = 0; // a filled hole may have been a pen's
  return { width, height, cells: mask, threshold };
}
