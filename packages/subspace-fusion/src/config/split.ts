import { z } from 'zod';
import { column, elsewhere, excluded, fraction, MOST, name, NO_FORM, path, says, seed, share } from './values.js';

const parts = {
  seed: seed.default(1).describe('Seed of every division that no file decides.'),
  test: fraction
    .default(0.1)
    .describe('Share of the labelled patients in the test part, where neither file, folds nor cohort decide it.'),
  validation: fraction
    .default(0.1)
    .describe('Share of the labelled patients in the validation part, where no file decides it.'),
  conformal: share
    .optional()
    .describe('Share of all patients set aside from those to train on, for prediction sets; by default none.'),
};
const fold = z
  .int()
  .nonnegative()
  .max(MOST.folds - 1)
  .optional()
  .describe('The fold that is the test part, from 0.');
const by = z
  .union([z.literal('site'), column], { error: "'by' is site, or {column: NAME}" })
  .optional()
  .describe(
    'Keeps the patients of a site in one part: by the tissue source site of a TCGA barcode (site), or by a clinical column; by default nobody is kept together.',
  );

const REPEAT = excluded("'split.repeat' needs 'split.folds'", 'Say how many folds to make');
const FOLD = excluded(
  "'split.fold' needs 'split.file' or 'split.folds'",
  'Name the file of the folds, or say how many to make',
);
const FILE_OR_FOLDS = excluded("'split.folds' and 'split.file' exclude each other");
const TESTED_TWICE = excluded("'split.testCohort' says who is tested, and so does 'split.file' or 'split.folds'");
const KEPT_TOGETHER = excluded(
  "'split.by' says who is kept together, and 'split.file' or 'split.testCohort' who is tested",
);

/** Who is tested: as a file says, one of several folds that are made here, a cohort, or a part that is drawn. */
export const split = z
  .union(
    [
      z.strictObject({
        file: path().describe(
          'Published split: a table of folds, one splits_k.csv, or the folder that holds splits_0.csv, splits_1.csv, …',
        ),
        fold,
        folds: FILE_OR_FOLDS,
        repeat: REPEAT,
        by: KEPT_TOGETHER,
        testCohort: TESTED_TWICE,
        ...parts,
      }),
      z
        .strictObject({
          file: FILE_OR_FOLDS,
          fold,
          folds: z
            .int()
            .min(2)
            .max(MOST.folds)
            .describe('Number of folds that are made from the seed, whose test parts are the cohort.'),
          repeat: z
            .int()
            .nonnegative()
            .max(MOST.repeats - 1)
            .optional()
            .describe('Deals the patients to other folds, from 0; a cross-validation with repeats sets it.'),
          by,
          testCohort: TESTED_TWICE,
          ...parts,
        })
        .refine(({ fold = 0, folds }) => fold < folds, {
          error: ({ input }) => {
            const { fold, folds } = input as { fold: number; folds: number };
            return says(`there is no fold ${fold} of ${folds}`, 'Folds are counted from 0');
          },
          path: ['fold'],
        }),
      z.strictObject({
        file: TESTED_TWICE,
        fold: FOLD,
        folds: TESTED_TWICE,
        repeat: REPEAT,
        by: KEPT_TOGETHER,
        testCohort: z
          .union([name, z.array(name).min(1)], {
            error: ({ input }) =>
              input === undefined ? undefined : 'expected the name of a cohort, or a list of names',
          })
          .describe('The cohort of moreCohorts, or several, whose patients are the test part.'),
        ...parts,
      }),
      z.strictObject({
        file: elsewhere,
        fold: FOLD,
        folds: elsewhere,
        repeat: REPEAT,
        by,
        testCohort: elsewhere,
        ...parts,
      }),
    ],
    { error: NO_FORM },
  )
  .refine(({ test, validation, conformal = 0 }) => test + validation + conformal < 1, {
    error: ({ input }) => {
      const { conformal = 0 } = input as { conformal?: number };
      return says(
        `'split.test' and 'split.validation'${conformal > 0 ? " with 'split.conformal'" : ''} leave nothing to train on`,
        'Lower them',
      );
    },
  });

/** Who is tested. `file`, `testCohort` or `folds` tell which form it is; the last has none of them. */
export type SplitConfig = z.output<typeof split>;
/** Folds that a published file names. */
export type FileSplit = Extract<SplitConfig, { file: string }>;
/** Folds that are made here. */
export type FoldsSplit = Extract<SplitConfig, { folds: number }>;
/** Whole cohorts are tested. */
export type CohortSplit = Extract<SplitConfig, { testCohort: string | string[] }>;
/** Parts are drawn once. */
export type RandomSplit = Exclude<SplitConfig, FileSplit | FoldsSplit | CohortSplit>;
