import { join } from 'node:path';
import type { Config } from '../cohort/index.js';
import type { Fold } from './folds.js';
import type { Result } from './result.js';

/** A training of the same configuration with something taken away. */
export const CONTROLS = ['permuted-bags'] as const;
export type Control = (typeof CONTROLS)[number];

/** One training: a fold with a seed. */
export interface PlannedRun {
  readonly fold: number;
  readonly seed: number;
  readonly control?: Control;
  readonly config: Config;
  /** Run folder, within a folder of the configuration's own. */
  readonly folder: string;
}

/** Plans every fold with every seed; the seed decides the training alone, not who is in which part. Whole rounds of folds come first. */
export function planRuns(folds: readonly Fold[], seeds: readonly number[], control?: Control): PlannedRun[] {
  return seeds.flatMap((seed) =>
    folds.map(({ fold, config }) => {
      const seeded = { ...config, training: { ...config.training, seed } };
      if (control === undefined) return { fold, seed, config: seeded, folder: join(`fold-${fold}`, `seed-${seed}`) };
      const permuted = { ...seeded, features: { ...config.features, permuteBags: seed } };
      return { fold, seed, control, config: permuted, folder: join(`fold-${fold}`, `${control}-seed-${seed}`) };
    }),
  );
}

/** How a run ended. */
export type RunOutcome = { readonly result: Result } | { readonly failure: string };
