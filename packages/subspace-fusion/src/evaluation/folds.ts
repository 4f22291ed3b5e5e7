import { splitFileFolds, type Config } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';

/** The config of one fold's model, but for its seed. */
export interface Fold {
  readonly fold: number;
  readonly config: Config;
}

/** Folds that are made where the config names no file of folds. */
export const DEFAULT_FOLDS = 5;

/**
 * The folds of a cross-validation: those of the config's split file, or as many as asked for, made from `split.seed`.
 * @throws UserError where both are given, or the file holds fewer than two.
 */
export async function foldsOf(config: Config, asked?: number): Promise<Fold[]> {
  const { split } = config;
  if (split.testCohort !== undefined) {
    throw new UserError('split.testCohort fixes the test patients, so there is nothing to cross-validate. Use `subspace train`, or take split.testCohort out of the config.');
  }
  if (split.file !== undefined) {
    if (asked !== undefined) throw new UserError(`${split.file}: the folds are those of this file. Leave --folds away, or take split.file out of the config.`);
    return (await splitFileFolds(split.file)).map((fold) => ({ fold, config: { ...config, split: { ...split, fold } } }));
  }
  const folds = asked ?? split.folds ?? DEFAULT_FOLDS;
  return Array.from({ length: folds }, (_, fold) => ({ fold, config: { ...config, split: { ...split, folds, fold } } }));
}
