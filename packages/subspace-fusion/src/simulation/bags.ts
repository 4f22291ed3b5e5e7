import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../files/user-error.js';
import { key, uniform } from '../random/counter.js';
import { writeBagFile } from './bag-file.js';
import type { Latents } from './latents.js';
import { drawFeatures, featureModel } from './patch-features.js';
import { drawSlide } from './slide.js';

export interface BagOptions {
  /** Patches of a slide, a square number from 36 up; default 400. */
  readonly bag?: number;
  /** Width of a patch feature; default 1024. */
  readonly width?: number;
  /** Slides differ in size: their side departs from the bag's by up to two patches. */
  readonly ragged?: boolean;
  readonly seed?: number;
  /** Called after each slide. */
  readonly onSlide?: (done: number, total: number) => void;
}

/** The key of a patient's slide: what its proportions and its layout are drawn from. */
export const slideKey = (seed: number, patient: number) => key(seed, 'slide', patient);

/**
 * Draws one slide a patient and writes it as `ID-DX1.h5` in `folder`, one in memory at a time. Throws a UserError where
 * `bag` is no square number from 36 up.
 */
export async function writeBags(
  folder: string,
  patients: readonly { id: string; latents: Latents }[],
  options: BagOptions,
): Promise<void> {
  const { bag = 400, width = 1024, ragged = false, seed = 1, onSlide } = options;
  const bagSide = Math.sqrt(bag);
  if (!Number.isInteger(bagSide) || bagSide < 6) {
    throw new UserError(`A bag is a square number of patches from 36 up (100, 400, 900, 2500), not ${bag}.`);
  }
  await mkdir(folder, { recursive: true });
  const encoder = featureModel(seed, width);
  for (const [i, { id, latents }] of patients.entries()) {
    const side = ragged ? bagSide - 2 + Math.floor(5 * uniform(key(seed, 'side'), i)) : bagSide;
    const slide = drawSlide(slideKey(seed, i), side, latents);
    await writeBagFile(
      join(folder, `${id}-DX1.h5`),
      drawFeatures(encoder, key(seed, 'patches', i), slide, latents.site),
      side,
    );
    onSlide?.(i + 1, patients.length);
  }
}
