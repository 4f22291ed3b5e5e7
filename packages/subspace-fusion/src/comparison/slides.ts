import { fixBag } from '../cohort/bags/bag.js';
import { readBag } from '../cohort/bags/features.js';
import type { Patient } from '../cohort/types.js';
import { joinPatches, patchesOf, type Patches } from './patch-kinds.js';

/** What simple models read of a patient's slides. */
export interface SlideSummary {
  /** The mean patch feature, `[width]`: over the tokens of each slide's bag, then over slides; empty without a slide. */
  readonly mean: Float32Array;
  readonly patches: Patches;
}

/**
 * Reads the slides of a cohort once for all folds, one patient after the other. Of each patch at most 64 numbers and four neighbours are
 * kept, about 300 bytes: 750 MB for 1,000 slides of 2,500 tokens.
 * @param tokens of a bag
 * @param onPatient called after the slides of each patient were read
 */
export async function summariseSlides(
  patients: readonly Patient[],
  tokens: number,
  onPatient?: (done: number, of: number) => void,
): Promise<Map<string, SlideSummary>> {
  const summaries = new Map<string, SlideSummary>();
  for (const { id, bags } of patients) {
    const slides: Patches[] = [];
    let mean = new Float64Array();
    for (const slide of bags) {
      const bag = await readBag(slide, tokens);
      const { features } = fixBag(bag, tokens);
      if (mean.length === 0) mean = new Float64Array(bag.width);
      features.forEach((x, i) => (mean[i % bag.width] = mean[i % bag.width] + x / (tokens * bags.length)));
      slides.push(patchesOf(bag));
    }
    summaries.set(id, { mean: Float32Array.from(mean), patches: joinPatches(slides) });
    onPatient?.(summaries.size, patients.length);
  }
  return summaries;
}
