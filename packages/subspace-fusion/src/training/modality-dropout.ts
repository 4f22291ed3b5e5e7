import { key, uniform } from '../random/counter.js';
import type { Sample } from './batch.js';

/**
 * A training sample as if one of its modalities had not been measured, with probability `rate`: half the time its slide, half the
 * time its genes, never both. A function of seed, step and the sample's place in the batch.
 */
export function dropModality(
  sample: Sample,
  rate: number,
  { seed, step }: { seed: number; step: number },
  place: number,
): Sample {
  if (rate === 0) return sample;
  const u = uniform(key(seed, 'modality', step, place), 0);
  if (u < rate / 2) return { ...sample, bag: undefined };
  return u < rate ? { ...sample, genes: undefined } : sample;
}
