import type { Config } from './config.js';
import { collecting, type Problem } from './problems.js';
import { makeSplit, strataOf } from './split.js';
import { foldsIn } from './split-file.js';
import type { Patient, Split } from './types.js';

/** How many patients each part has. */
export type PartSizes = { readonly [P in keyof Split]: number };

/**
 * The parts that the config's split makes of the joined patients; where it has folds and chooses none, the first fold's. What is wrong
 * goes to `problems`; undefined where there is no split.
 */
export async function inspectSplit(patients: readonly Patient[], config: Config, problems: Problem[]): Promise<PartSizes | undefined> {
  const { split } = config;
  const folds = await collecting(problems, () => foldsOf(split));
  if (!folds || patients.length === 0) return undefined;
  if (split.fold === undefined && folds.length > 0) {
    const message = `there are ${folds.length} folds and split.fold names none`;
    problems.push({ severity: 'warning', file: split.file ?? 'split', message, remedy: '`crossval` trains all of them; `train` needs split.fold' });
  }
  const strata = strataOf(patients, config);
  const parts = await collecting(problems, () => makeSplit(patients, strata, { ...split, fold: split.fold ?? folds[0] }, problems));
  return parts && { train: parts.train.length, validation: parts.validation.length, test: parts.test.length };
}

async function foldsOf({ file, folds = 0 }: Config['split']): Promise<number[]> {
  return file === undefined ? Array.from({ length: folds }, (_, fold) => fold) : foldsIn(file);
}
