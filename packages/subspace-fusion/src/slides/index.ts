/** Whole-slide images to patch features: slides, tissue, patches, encoders, feature files. */
export { openEncoder, type Encoder, type EncoderOptions } from './encoder.js';
export { extract, hasFeatures, type ExtractedRecord, type ExtractOptions } from './extract.js';
export type { ExtractedSlide, ExtractionSettings } from './extract-slide.js';
export type { Cutting } from './grid.js';
export { slideFiles, slideName } from './extract-slide.js';
export type { Level, Picture, Region, Slide, SlideInfo } from './slide.js';
