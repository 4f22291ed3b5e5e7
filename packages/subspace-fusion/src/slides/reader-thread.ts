import sharp from 'sharp';
import { starterPort } from '../files/worker-node.js';
import { handingOver, oneByOne, serve } from '../files/worker.js';
import { openSlideFile } from './open-slide-file.js';
import { readPatches } from './patches.js';
import type { SlideTasks } from './reader.js';
import type { Slide } from './slide.js';
import { thumbnailOf } from './thumbnail.js';

/** The reading thread of reader.ts: it holds one slide open at a time and answers one request after the other. */
sharp.cache(false);
sharp.concurrency(1); // tiles are decoded side by side already

let opened: { readonly file: string; readonly slide: Slide } | undefined;

async function slideOf(file: string): Promise<Slide> {
  if (opened?.file !== file) {
    await opened?.slide.close();
    opened = undefined;
    opened = { file, slide: await openSlideFile(file) };
  }
  return opened.slide;
}

const tasks: SlideTasks = {
  async overview({ file, edge }) {
    const slide = await slideOf(file);
    const { format, levels, magnification, micrometres, unreadScale, warnings } = slide;
    const info = { format, levels, magnification, micrometres, unreadScale, warnings };
    return { info, thumbnail: await thumbnailOf(slide, edge) };
  },

  async patches({ file, ...request }) {
    const pixels = await readPatches(await slideOf(file), request);
    return handingOver(pixels, [pixels.buffer]);
  },
};

serve(starterPort(), oneByOne(tasks));
