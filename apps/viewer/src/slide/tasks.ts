import {
  blobSource,
  handingOver,
  openSlide,
  type Picture,
  type Region,
  type Slide,
} from 'subspace-fusion/browser-slides';

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

/** What the page needs to know of a slide. */
export interface SlideInfo {
  readonly name: string;
  readonly format: string;
  /** From the finest to the coarsest. */
  readonly levels: readonly { readonly width: number; readonly height: number; readonly downsample: number }[];
  readonly tileEdge: number;
}

/** Edge of the tiles that the page asks for, whatever those of the file. */
const TILE = 256;
/** A coarser level than the slide has is made up to this edge. */
const COARSEST = 512;

/** Opens slides and reads their tiles, by stretches of the file. */
export function slideTasks() {
  let slide: Slide | undefined;

  return {
    async open({ file }: { file: File }): Promise<SlideInfo> {
      await slide?.close();
      slide = undefined;
      slide = await openSlide(blobSource(file));
      return { name: file.name, format: slide.format, levels: withCoarser(slide.levels), tileEdge: TILE };
    },

    async tile({ level, column, row }: { level: number; column: number; row: number }): Promise<ImageBitmap> {
      if (!slide) throw new Error('no slide is open');
      const { width, height, downsample } = withCoarser(slide.levels)[level];
      const from = Math.min(level, slide.levels.length - 1);
      const factor = Math.round(downsample / slide.levels[from].downsample);
      const region = {
        x: column * TILE,
        y: row * TILE,
        width: Math.min(TILE, width - column * TILE),
        height: Math.min(TILE, height - row * TILE),
      };
      const bitmap = await bitmapOf(await readScaled(slide, from, region, factor));
      return handingOver(bitmap, [bitmap]);
    },
  };
}

export type SlideTasks = ReturnType<typeof slideTasks>;

function bitmapOf({ width, height, pixels }: Picture): Promise<ImageBitmap> {
  const image = new ImageData(width, height);
  for (let i = 0, j = 0; i < pixels.length; i += 3, j += 4) {
    image.data[j] = pixels[i];
    image.data[j + 1] = pixels[i + 1];
    image.data[j + 2] = pixels[i + 2];
    image.data[j + 3] = 255;
  }
  return createImageBitmap(image);
}

/** Levels of the file, and coarser ones below them for a file without a pyramid. */
function withCoarser(levels: Slide['levels']): SlideInfo['levels'] {
  const all = [...levels];
  for (;;) {
    const { width, height, downsample } = all[all.length - 1];
    if (Math.max(width, height) <= COARSEST) return all;
    all.push({ width: Math.ceil(width / 2), height: Math.ceil(height / 2), downsample: downsample * 2 });
  }
}
