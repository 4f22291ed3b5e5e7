import { join } from 'node:path';
import { makeFolder } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import { loadLibrary, writingHdf5 } from '../files/hdf5-write.js';
import { key, normal, uniform } from '../random/counter.js';
import { SITES, type Latents } from './latents.js';
import { APPEARANCES, drawSlide, MARKER } from './slide.js';

const RANK = 32;
const STAIN_SHIFT = 0.3;
const NOISE = 1;

/** What patches look like to the simulated encoder. */
export interface FeatureModel {
  readonly width: number;
  /** [APPEARANCES, width], in a random subspace of rank 32, about unit variance a column. */
  readonly prototypes: Float64Array;
  /** [SITES, width], the stain of each site. */
  readonly stains: Float64Array;
}

/** Prototypes and stains of a simulated encoder; a pure function of the seed. */
export function featureModel(seed: number, width: number): FeatureModel {
  const basis = key(seed, 'feature-basis');
  const prototypes = new Float64Array(APPEARANCES * width);
  for (let appearance = 0; appearance < APPEARANCES; appearance++) {
    const direction = key(seed, 'prototype', appearance);
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let r = 0; r < RANK; r++) sum += normal(basis, j * RANK + r) * normal(direction, r);
      prototypes[appearance * width + j] = sum / Math.sqrt(RANK);
    }
  }
  // The marker is a tumour patch (kind 0) with something added.
  for (let j = 0; j < width; j++) prototypes[MARKER * width + j] = prototypes[j] + 0.7 * prototypes[MARKER * width + j];
  const stains = Float64Array.from({ length: SITES * width }, (_, i) => STAIN_SHIFT * normal(key(seed, 'stain'), i));
  return { width, prototypes, stains };
}

/** Features of a slide's patches: prototype + stain of the site + noise, `[patches, width]`. */
export function drawFeatures(model: FeatureModel, stream: number, slide: Uint8Array, site: number): Float32Array {
  const { width, prototypes, stains } = model;
  const features = new Float32Array(slide.length * width);
  for (let patch = 0, i = 0; patch < slide.length; patch++) {
    const prototype = slide[patch] * width;
    for (let j = 0; j < width; j++, i++) {
      features[i] = prototypes[prototype + j] + stains[site * width + j] + NOISE * normal(stream, i);
    }
  }
  return features;
}

/** Name of the encoder that simulated bags carry, so that no model mistakes them for real features. */
export const SIMULATED_ENCODER = 'simulated';
/** Edge of a patch at level 0, in pixels. */
const PATCH_SIZE = 256;

/**
 * Writes one slide in the CLAM layout: `features` float32 [patches, width], `coords` int32 [patches, 2] (x, y of the patch's
 * corner) with attributes `patch_size` and `patch_level`, and the file's attribute `encoder`. Patches are row-major on a
 * square. Throws a MachineError where the file cannot be written.
 */
export async function writeBagFile(path: string, features: Float32Array, side: number): Promise<void> {
  const library = await loadLibrary();
  const patches = side * side;
  const coordinates = Int32Array.from({ length: 2 * patches }, (_, i) => {
    const patch = i >> 1;
    return PATCH_SIZE * (i % 2 === 0 ? patch % side : Math.floor(patch / side));
  });
  // HDF5 stamps its objects with the time of day, and the library offers no switch; the same seed should write the same bytes.
  const write = () => {
    const file = new library.File(path, 'w');
    file.create_attribute('encoder', SIMULATED_ENCODER);
    file.create_dataset({
      name: 'features',
      data: features,
      shape: [patches, features.length / patches],
      dtype: '<f4',
    });
    const coords = file.create_dataset({ name: 'coords', data: coordinates, shape: [patches, 2], dtype: '<i4' });
    coords.create_attribute('patch_size', PATCH_SIZE, null, '<i4');
    coords.create_attribute('patch_level', 0, null, '<i4');
    file.close();
  };
  withFixedClock(() => {
    writingHdf5(library, path, write);
  });
}

function withFixedClock(work: () => void): void {
  const now = Date.now;
  Date.now = () => 0;
  try {
    work();
  } finally {
    Date.now = now;
  }
}

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
 * Draws one slide a patient and writes it as `ID-DX1.h5` in `folder`, one in memory at a time. Throws a InputError where
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
    throw new InputError(`A bag is a square number of patches from 36 up (100, 400, 900, 2500), not ${bag}.`);
  }
  await makeFolder(folder);
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
