import type { BagFile } from '../../cohort/index.js';
import { readFixedBag, type BagShape } from '../../training/samples.js';

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

/** The mean row of `features` `[tokens · width]`. */
export function meanPatch(features: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  const tokens = features.length / width;
  for (let i = 0; i < features.length; i++) mean[i % width] += features[i] / tokens;
  return mean;
}

/** Mean of the mean patches of a patient's slides. */
export function meanOf(slides: readonly Float64Array[]): Float64Array {
  return slides[0].map((_, d) => slides.reduce((sum, mean) => sum + mean[d], 0) / slides.length);
}
