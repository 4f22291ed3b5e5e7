import { join } from 'node:path';
import { splitFileFolds, type Config } from '../cohort/index.js';
import type { Result } from '../evaluation/result.js';
import { UserError } from '../files/errors.js';

/** The config of one fold's model, but for its seed. */
export interface Fold {
  readonly fold: number;
  /** Which dealing of the patients to folds, from 0; undefined where there is only one. */
  readonly repeat?: number;
  readonly config: Config;
}

/** Folds that are made where the config names no file of folds. */
export const DEFAULT_FOLDS = 5;

/**
 * The folds of a cross-validation: those of the config's split file, or as many as asked for, made from `split.seed`. Several repeats deal all patients
 * to folds again, each another way; the first is what a single one would be.
 * @throws UserError where both are given, or the file holds fewer than two.
 */
export async function foldsOf(config: Config, asked?: number, repeats = 1): Promise<Fold[]> {
  const { split } = config;
  if (split.testCohort !== undefined) {
    throw new UserError(
      'split.testCohort fixes the test patients, so there is nothing to cross-validate. Use `subspace train`, or take split.testCohort out of the config.',
    );
  }
  if (split.file !== undefined) {
    if (asked !== undefined)
      throw new UserError(
        `${split.file}: the folds are those of this file. Leave --folds away, or take split.file out of the config.`,
      );
    if (repeats > 1)
      throw new UserError(
        `${split.file}: the folds are those of this file, so there are no repeats. Leave --repeats away, or take split.file out of the config.`,
      );
    return (await splitFileFolds(split.file)).map((fold) => ({
      fold,
      config: { ...config, split: { ...split, fold } },
    }));
  }
  if (repeats > 1 && split.repeat !== undefined)
    throw new UserError(
      `split.repeat is ${split.repeat}, and all ${repeats} repeats are asked for. Take split.repeat out of the config.`,
    );
  const folds = asked ?? split.folds ?? DEFAULT_FOLDS;
  const once = Array.from({ length: folds }, (_, fold) => ({
    fold,
    config: { ...config, split: { ...split, folds, fold } },
  }));
  if (repeats === 1) return once;
  return Array.from({ length: repeats }, (_, repeat) =>
    once.map((fold) => ({ ...fold, repeat, config: repeat === 0 ? fold.config : withRepeat(fold.config, repeat) })),
  ).flat();
}

const withRepeat = (config: Config, repeat: number): Config => ({ ...config, split: { ...config.split, repeat } });

/**
 * A training of the same configuration with something taken away: `permuted-bags` gives every patient the slides of another,
 * `shuffled-outcomes` the outcome of another, for the simple models too.
 */
export const CONTROLS = ['permuted-bags', 'shuffled-outcomes'] as const;
export type Control = (typeof CONTROLS)[number];

/** One training: a fold with a seed. */
export interface PlannedRun {
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
export function planRuns(folds: readonly Fold[], seeds: readonly number[], control?: Control): PlannedRun[] {
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

/** How a run ended. */
export type RunOutcome = { readonly result: Result } | { readonly failure: string };
