import type { ExtractionSettings } from './extract-slide.js';

/** Raised when the same settings would give other features. */
const FORMAT = 1;

/**
 * Everything that decides what a slide's feature file holds, as one text: two files with the same text hold the same.
 * @param objective Objective power, where it was needed because the slide does not say its own.
 */
export function settingsText(
  slideBytes: number,
  { encoder, cutting, fix }: ExtractionSettings,
  objective: number | undefined,
): string {
  const { sha256, size, config } = encoder;
  const { mean, std, channels, layout, output, pooling } = config;
  const { patchSize, resolution, tissue } = cutting;
  return JSON.stringify({
    format: FORMAT,
    encoder: { sha256, size, mean, std, channels, layout, output, pooling },
    cutting: { patchSize, ...resolution, tissue },
    objective,
    fix,
    slideBytes,
  });
}
