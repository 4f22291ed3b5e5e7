import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { InputError } from '../files/errors.js';
import { openSlideFile } from './open-slide-file.js';
import { readPatches } from './patches.js';
import type { Answer, Request } from './reader.js';
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

async function answer(request: Request): Promise<Answer> {
  const { id, file } = request;
  const slide = await slideOf(file);
  if (request.kind === 'patches') return { id, kind: 'patches', pixels: await readPatches(slide, request) };
  const { format, levels, magnification, micrometres } = slide;
  return {
    id,
    kind: 'overview',
    info: { format, levels, magnification, micrometres },
    thumbnail: await thumbnailOf(slide, request.edge),
  };
}

if (!parentPort) throw new Error('this is the program of a thread; openReader starts it');
const port = parentPort;
let before: Promise<unknown> = Promise.resolve();
port.on('message', (request: Request) => {
  before = before.then(async () => {
    try {
      const result = await answer(request);
      port.postMessage(result, result.kind === 'patches' ? [result.pixels.buffer as ArrayBuffer] : []);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      port.postMessage({
        id: request.id,
        kind: 'problem',
        problem,
        userError: error instanceof InputError,
      } satisfies Answer);
    }
  });
});
