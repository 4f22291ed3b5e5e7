import { join } from 'node:path';
import type { Fold } from '../cohort/split/folds.js';
import type { Control } from '../comparison/file.js';
import type { Config } from '../config/config.js';

/** One training of a configuration: a fold with a seed. */
export interface PlannedFold {
  readonly fold: number;
  /** Which dealing of the patients to folds, from 0; undefined where there is only one. */
  readonly repeat?: number;
  readonly seed: number;
  readonly control?: Control;
  readonly config: Config;
  /** Run folder, within a folder of the configuration's own. */
  readonly folder: string;
}

/**
 * Plans every fold with every seed; the seed decides the training alone, not who is in which part. Whole rounds of folds come first. Folders are
 * `fold-0/seed-1`, and from the second repeat on `repeat-1/fold-0/seed-1`: more repeats leave what is finished where it is.
 */
export function planRuns(folds: readonly Fold[], seeds: readonly number[], control?: Control): PlannedFold[] {
  return seeds.flatMap((seed) =>
    folds.map(({ config, ...fold }) => {
      const seeded = { ...config, training: { ...config.training, seed } };
      const foldFolder = join(fold.repeat ? `repeat-${fold.repeat}` : '', `fold-${fold.fold}`);
      if (control === undefined) return { ...fold, seed, config: seeded, folder: join(foldFolder, `seed-${seed}`) };
      return {
        ...fold,
        seed,
        control,
        config: controlled(seeded, control),
        folder: join(foldFolder, `${control}-seed-${seed}`),
      };
    }),
  );
}

/** Slides are exchanged by the run's seed. Outcomes are exchanged by that of the split: whatever is trained, it is the same table that is scored. */
function controlled(config: Config, control: Control): Config {
  if (control === 'permuted-bags')
    return { ...config, features: { ...config.features, permuteBags: config.training.seed } };
  return { ...config, clinical: { ...config.clinical, shuffleOutcomes: config.split.seed } };
}
