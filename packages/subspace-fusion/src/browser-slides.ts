/** What the viewer shares with the command line about slides; see browser.ts. */
export { openSlide } from './slides/open-slide.js';
export type { Picture, Region, Slide } from './slides/slide.js';
