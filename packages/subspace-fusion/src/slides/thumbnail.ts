import type { Level, Picture, Slide } from './slide.js';

/** A slide made small. */
export interface Thumbnail extends Picture {
  /** Pixels of level 0 along the edge of one of its pixels. */
  readonly downsample: number;
}

/** Pixels along the edges of the areas that are read one after the other, where the slide's own pieces are smaller. */
const AREA = 1024;
/** Pixels that are read at a time. */
const AT_A_TIME = 1 << 22;

/**
 * The whole slide with a longer edge of at most `edge` pixels, each the mean of a square of pixels of the coarsest level that is fine
 * enough. It is read piece by piece, so that a slide without small levels needs time and no memory.
 */
export async function thumbnailOf(slide: Slide, edge: number): Promise<Thumbnail> {
  const [base] = slide.levels as [Level];
  const wanted = Math.max(1, Math.max(base.width, base.height) / edge);
  const level = slide.levels.findLastIndex(({ downsample }) => downsample <= wanted);
  const { width, height, downsample, piece } = slide.levels[level];
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / edge));
  const [outWidth, outHeight] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const sums = new Uint32Array(3 * outWidth * outHeight);
  for (const part of partsOf(outWidth * factor, outHeight * factor, piece))
    addSquares(await slide.read(level, part), part, factor, outWidth, sums);
  const pixels = Uint8Array.from(sums, (sum) => Math.round(sum / (factor * factor)));
  return { width: outWidth, height: outHeight, pixels, downsample: downsample * factor };
}

/** A place in a level and a size there. */
type Part = Readonly<{ x: number; y: number; width: number; height: number }>;

/** Parts that make up a picture, in an order in which each piece is needed for a short time. */
function* partsOf(width: number, height: number, piece: Level['piece'] = { width: 1, height: 1 }): Generator<Part> {
  const [columns, rows] = [piece.width, piece.height].map((size) => size * Math.ceil(AREA / size));
  for (let top = 0; top < height; top += rows) {
    for (let x = 0; x < width; x += columns) {
      const [areaWidth, end] = [Math.min(columns, width - x), Math.min(top + rows, height)];
      const most = Math.max(1, Math.floor(AT_A_TIME / areaWidth));
      for (let y = top; y < end; y += most) yield { x, y, width: areaWidth, height: Math.min(most, end - y) };
    }
  }
}

/** Adds the pixels of a part to the sums of the squares that they are in. */
function addSquares(
  { pixels }: Picture,
  { x, y, width, height }: Part,
  factor: number,
  outWidth: number,
  sums: Uint32Array,
) {
  for (let row = 0, from = 0; row < height; row++) {
    const into = 3 * outWidth * Math.floor((y + row) / factor);
    let column = Math.floor(x / factor);
    let left = factor - (x % factor); // pixels up to the next square
    for (let i = 0; i < width; i++, from += 3) {
      const at = into + 3 * column;
      sums[at] += pixels[from];
      sums[at + 1] += pixels[from + 1];
      sums[at + 2] += pixels[from + 2];
      if (--left === 0) [column, left] = [column + 1, factor];
    }
  }
}
