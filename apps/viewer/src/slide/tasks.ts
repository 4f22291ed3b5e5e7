import { blobSource, handingOver, openSlide, type Picture, type Slide } from 'subspace-fusion/browser-slides';
import { readScaled } from './scaled.js';

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
