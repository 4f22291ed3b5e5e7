import type { Picture, Region, Slide } from 'subspace-fusion/browser-slides';

/** Pixels that are read at a time, along each edge. */
const BLOCK = 1024;

/**
 * A part of a level made smaller: each pixel the mean of `factor` × `factor` of the level. `region` is in small pixels. It is read block
 * by block, so that a slide without small levels needs time and no memory.
 */
export async function readScaled(
  slide: Pick<Slide, 'read'>,
  level: number,
  { x, y, width, height }: Region,
  factor: number,
): Promise<Picture> {
  if (factor === 1) return slide.read(level, { x, y, width, height });
  const pixels = new Uint8Array(3 * width * height);
  const block = Math.max(1, Math.floor(BLOCK / factor));
  for (let top = 0; top < height; top += block) {
    for (let left = 0; left < width; left += block) {
      const [columns, rows] = [Math.min(block, width - left), Math.min(block, height - top)];
      const part = await slide.read(level, {
        x: (x + left) * factor,
        y: (y + top) * factor,
        width: columns * factor,
        height: rows * factor,
      });
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++)
          pixels.set(meanOf(part, column * factor, row * factor, factor), 3 * ((top + row) * width + left + column));
      }
    }
  }
  return { width, height, pixels };
}

/** Mean colour of a square. */
function meanOf({ width, pixels }: Picture, left: number, top: number, edge: number): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (let y = top; y < top + edge; y++) {
    for (let i = 3 * (y * width + left); i < 3 * (y * width + left + edge); i += 3) {
      sum[0] += pixels[i];
      sum[1] += pixels[i + 1];
      sum[2] += pixels[i + 2];
    }
  }
  return sum.map((total) => Math.round(total / edge ** 2)) as typeof sum;
}
