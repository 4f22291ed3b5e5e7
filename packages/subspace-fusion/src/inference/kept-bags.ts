import { totalmem } from 'node:os';
import type { BagFile } from '../cohort/types.js';
import type { BagReader } from './bag-reader.js';

/** Part of the machine's memory that bags may take. */
const PART = 1 / 4;

/**
 * Reads each slide once and keeps it as the network takes it, until a quarter of the machine's memory is full; what comes later is read
 * from its file every time.
 */
export function keepingBags(read: BagReader['read'], limit = PART * totalmem()): BagReader['read'] {
  const kept = new Map<string, Float32Array>();
  let bytes = 0;
  return async (slide: BagFile) => {
    const found = kept.get(slide.path);
    if (found) return found;
    const features = await read(slide);
    if (bytes + features.byteLength <= limit && !kept.has(slide.path)) {
      kept.set(slide.path, features);
      bytes += features.byteLength;
    }
    return features;
  };
}
