import type { Config } from '../../config/config.js';
import { InputError } from '../../files/errors.js';
import { splitFileFolds } from './split-file.js';

/** The config of one fold's model, but for its seed. */
export interface Fold {
  readonly fold: number;
  /** Which dealing of the patients to folds, from 0; undefined where there is only one. */
  readonly repeat?: number;
  readonly config: Config;
}

/** Folds that are made where the config names no file of folds. */
const DEFAULT_FOLDS = 5;

/**
 * The folds of a cross-validation: those of the config's split file, or as many as asked for, made from `split.seed`. Several repeats deal all patients
 * to folds again, each another way; the first is what a single one would be.
 * @throws InputError where both are given, or the file holds fewer than two.
 */
export async function foldsOf(config: Config, asked?: number, repeats = 1): Promise<Fold[]> {
  const { split } = config;
  if (split.testCohort !== undefined) {
    throw new InputError(
      'split.testCohort fixes the test patients, so there is nothing to cross-validate. Use `subspace train`, or take split.testCohort out of the config.',
    );
  }
  if (split.file !== undefined) {
    if (asked !== undefined)
      throw new InputError(
        `${split.file}: the folds are those of this file. Leave --folds away, or take split.file out of the config.`,
      );
    if (repeats > 1)
      throw new InputError(
        `${split.file}: the folds are those of this file, so there are no repeats. Leave --repeats away, or take split.file out of the config.`,
      );
    return (await splitFileFolds(split.file)).map((fold) => ({
      fold,
      config: { ...config, split: { ...split, fold } },
    }));
  }
  if (repeats > 1 && split.repeat !== undefined)
    throw new InputError(
      `split.repeat is ${split.repeat}, and all ${repeats} repeats are asked for. Take split.repeat out of the config.`,
    );
  const folds = asked ?? split.folds ?? DEFAULT_FOLDS;
  return Array.from({ length: repeats }, (_, repeat) =>
    Array.from({ length: folds }, (_, fold): Fold => {
      const dealt = { ...split, folds, fold };
      if (repeats === 1) return { fold, config: { ...config, split: dealt } };
      return { fold, repeat, config: { ...config, split: repeat === 0 ? dealt : { ...dealt, repeat } } };
    }),
  ).flat();
}
