import type { BagFile } from '../../cohort/types.js';
import type { BagShape } from '../../inference/bag-reader.js';
import { readFixedBag } from '../../inference/samples.js';
import { meanOf, meanPatch } from './training-range.js';

/** Reads slides, and keeps of each that it read the mean patch, so that no slide is read twice for it. */
export interface MeanPatches {
  /** A slide's features as `[tokens · width]`. */
  read(slide: BagFile): Promise<Float32Array>;
  /** Mean patch of a patient's slides, `[width]`, each slide counting once; undefined without slides. */
  of(slides: readonly (BagFile | undefined)[]): Promise<Float64Array | undefined>;
}

export function meanPatches(shape: BagShape): MeanPatches {
  const known = new Map<string, Float64Array>();
  const read = async (slide: BagFile) => {
    const features = await readFixedBag(slide, shape);
    known.set(slide.path, meanPatch(features, shape.size.patchWidth));
    return features;
  };
  const ofSlide = async (slide: BagFile) => {
    if (!known.has(slide.path)) await read(slide);
    return known.get(slide.path)!;
  };
  return {
    read,
    async of(slides) {
      const means: Float64Array[] = [];
      for (const slide of slides) if (slide) means.push(await ofSlide(slide));
      return means.length === 0 ? undefined : meanOf(means);
    },
  };
}
