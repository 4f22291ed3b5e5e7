/** Whole-slide images to patch features: slides, tissue, patches, encoders, feature files. */
export { openEncoder, type Encoder } from './encoder.js';
export { extract, hasFeatures, type ExtractedRecord } from './extract.js';
export type { Cutting } from './grid.js';
export { slideFiles, slideName } from './extract-slide.js';
