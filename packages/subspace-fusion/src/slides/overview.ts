import { dirname } from 'node:path';
import sharp from 'sharp';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import type { PatchGrid } from './grid.js';
import type { Thumbnail } from './thumbnail.js';
import type { TissueMask } from './tissue.js';

type Colour = readonly [number, number, number];
const CONTOUR: Colour = [0, 150, 60];
const PATCH: Colour = [30, 60, 220];

/**
 * The picture by which a person checks an extraction: the thumbnail, the contour of the tissue in green, and the patches that were
 * taken as a blue grid.
 */
export async function writeOverview(
  path: string,
  thumbnail: Thumbnail,
  mask: TissueMask,
  grid: PatchGrid,
  corners: Int32Array,
): Promise<void> {
  const { width, height, downsample } = thumbnail;
  const pixels = Uint8Array.from(thumbnail.pixels);
  const paint = (x: number, y: number, colour: Colour) => {
    if (x >= 0 && y >= 0 && x < width && y < height) pixels.set(colour, 3 * (y * width + x));
  };
  for (let i = 0; i < corners.length; i += 2) {
    const [left, top] = [Math.round(corners[i] / downsample), Math.round(corners[i + 1] / downsample)];
    const [right, bottom] = [
      Math.round((corners[i] + grid.edge) / downsample),
      Math.round((corners[i + 1] + grid.edge) / downsample),
    ];
    for (let x = left; x <= right; x++)
      [top, bottom].forEach((y) => {
        paint(x, y, PATCH);
      });
    for (let y = top; y <= bottom; y++)
      [left, right].forEach((x) => {
        paint(x, y, PATCH);
      });
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (isBorder(mask, x, y))
        for (const [dx, dy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const)
          paint(x + dx, y + dy, CONTOUR);
    }
  }
  await makeFolder(dirname(path));
  await writeFileAtomic(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png({ palette: true, colours: 128, effort: 3 })
      .toBuffer(),
  );
}

/** Whether a tissue pixel has a neighbour that is none; the image's own border does not count. */
function isBorder({ width, height, cells }: TissueMask, x: number, y: number): boolean {
  const at = y * width + x;
  if (cells[at] === 0) return false;
  return (
    (x > 0 && cells[at - 1] === 0) ||
    (x < width - 1 && cells[at + 1] === 0) ||
    (y > 0 && cells[at - width] === 0) ||
    (y < height - 1 && cells[at + width] === 0)
  );
}
