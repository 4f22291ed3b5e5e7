import type { Picture, Slide } from './slide.js';

/** A slide made small. */
export interface Thumbnail extends Picture {
  /** Pixels of level 0 along the edge of one of its pixels. */
  readonly downsample: number;
}

/** Pixels that are read at a time, along each edge. */
const BLOCK = 1024;

/**
 * The whole slide with a longer edge of at most `edge` pixels, each the mean of a square of pixels of the coarsest level that is fine
 * enough. It is read block by block, so that a slide without small levels needs time and no memory.
 */
export async function thumbnailOf(slide: Slide, edge: number): Promise<Thumbnail> {
  const [base] = slide.levels as [Slide['levels'][0]];
  const wanted = Math.max(1, Math.max(base.width, base.height) / edge);
  const level = slide.levels.findLastIndex(({ downsample }) => downsample <= wanted);
  const { width, height, downsample } = slide.levels[level];
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / edge));
  const [outWidth, outHeight] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const pixels = new Uint8Array(3 * outWidth * outHeight);
  const block = Math.max(1, Math.floor(BLOCK / factor)); // pixels of the thumbnail
  for (let y = 0; y < outHeight; y += block) {
    for (let x = 0; x < outWidth; x += block) {
      const [columns, rows] = [Math.min(block, outWidth - x), Math.min(block, outHeight - y)];
      const part = await slide.read(level, {
        x: x * factor,
        y: y * factor,
        width: columns * factor,
        height: rows * factor,
      });
      for (let row = 0; row < rows; row++)
        meanOfSquares(part, row, factor, columns, pixels, 3 * ((y + row) * outWidth + x));
    }
  }
  return { width: outWidth, height: outHeight, pixels, downsample: downsample * factor };
}

/** One row of means of `factor` × `factor` pixels. */
function meanOfSquares(
  { width, pixels }: Picture,
  row: number,
  factor: number,
  columns: number,
  to: Uint8Array,
  at: number,
): void {
  const sums = new Uint32Array(3 * columns);
  for (let y = row * factor; y < (row + 1) * factor; y++) {
    for (let x = 0; x < columns * factor; x++) {
      const from = 3 * (y * width + x);
      const into = 3 * Math.floor(x / factor);
      for (let c = 0; c < 3; c++) sums[into + c] += pixels[from + c];
    }
  }
  sums.forEach((sum, i) => (to[at + i] = Math.round(sum / (factor * factor))));
}
