import type { BagFile } from '../../cohort/types.js';
import { required } from '../../files/required.js';
import type { BagShape } from '../../inference/bag-reader.js';
import { readFixedBag } from '../../inference/samples.js';
import { meanOf, meanPatch, type MeanPatches } from './training-range.js';

/** {@link MeanPatches} of feature files. */
export function meanPatches(shape: BagShape): MeanPatches {
  const known = new Map<string, Float64Array>();
  const read = async (slide: BagFile) => {
    const features = await readFixedBag(slide, shape);
    known.set(slide.path, meanPatch(features, shape.size.patchWidth));
    return features;
  };
  const ofSlide = async (slide: BagFile) => {
    if (!known.has(slide.path)) await read(slide);
    return required(known, slide.path);
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
