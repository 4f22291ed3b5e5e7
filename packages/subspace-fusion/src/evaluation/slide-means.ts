import { fixBag, readBag, type Patient } from '../cohort/index.js';

/**
 * The mean patch feature of each patient, `[width]`: over the tokens of each slide's bag, then over slides. Bags are read one after
 * the other and let go.
 */
export async function slideMeans(patients: readonly Patient[], tokens: number): Promise<Map<string, Float32Array>> {
  const means = new Map<string, Float32Array>();
  for (const { id, bags } of patients) {
    let mean = new Float64Array();
    for (const slide of bags) {
      const bag = await readBag(slide, tokens);
      const { features } = fixBag(bag, tokens);
      if (mean.length === 0) mean = new Float64Array(bag.width);
      features.forEach((x, i) => (mean[i % bag.width] = mean[i % bag.width] + x / (tokens * bags.length)));
    }
    means.set(id, Float32Array.from(mean));
  }
  return means;
}
