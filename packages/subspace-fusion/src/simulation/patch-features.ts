import { key, normal } from '../random/counter.js';
import { SITES } from './latents.js';
import { APPEARANCES, MARKER } from './slide.js';

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
