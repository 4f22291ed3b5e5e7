/** Slides in a browser: the same readers as in Node, on a dropped file, an address or any other {@link Source}. */
export { blobSource, type Source } from './files/source.js';
export { urlSource } from './files/source.js';
export { webPort } from './files/worker-web.js';
export { handingOver, oneByOne, serve } from './files/worker.js';
export { openSlide } from './slides/open-slide.js';
export type { Picture, Region, Slide } from './slides/slide.js';
