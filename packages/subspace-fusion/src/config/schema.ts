import { z } from 'zod';
import { clinical, condition, covariate, expression, features, geneSets } from './data.js';
import { model, training } from './network.js';
import { split } from './split.js';
import { column, name, path, paths, says } from './values.js';

/** The config as it is written: {@link Config} is what it parses to. */
export const schema = z
  .strictObject({
    name: name.describe('Name of the cohort, for people.'),
    data: path().optional().describe('Folder that relative paths start from; by default the folder of the config.'),
    moreCohorts: paths
      .optional()
      .describe(
        'Configs of further cohorts of the study: their clinical data, expression and features are read, the rest is of this config.',
      ),
    include: z
      .array(condition)
      .min(1)
      .optional()
      .describe(
        'Conditions that a patient must meet: COLUMN=VALUE, or a column with several values; by default everybody is used.',
      ),
    clinical: clinical.describe('Clinical data.'),
    expression: expression.describe('Gene expression.'),
    geneSets: geneSets
      .prefault({})
      .describe(
        'The genes of the two subspaces: one file of both sets, a file for each, or, with neither, the sets of the package.',
      ),
    features: features.describe('Features of the patches of slides.'),
    task: z
      .union([z.enum(['survival', 'diagnosis', 'grade', 'subtype']), column], {
        error: "a task is 'survival', 'diagnosis', 'grade', 'subtype' or {column: NAME}",
      })
      .default('survival')
      .describe('What is predicted; of a clinical column, its values are the classes.'),
    labels: z
      .enum(['who2021', 'paper'])
      .default('who2021')
      .describe('Rule for diagnosis and subtype: of the WHO classification of 2021, or of the paper of the method.'),
    covariates: z
      .array(covariate)
      .min(1)
      .optional()
      .describe('Clinical variables that enter the model beside slides and genes; by default none.'),
    split: split
      .prefault({})
      .describe(
        'Training, validation and test patients. Who is tested is said by a file, by folds that are made here, by a testCohort, or, with none of them, drawn at random.',
      ),
    model: model.prefault({}).describe('The network.'),
    training: training.prefault({}).describe('How the network is trained.'),
    provider: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu').describe('Where the network is computed.'),
  })
  .superRefine(({ task, clinical, split, moreCohorts, training, model }, context) => {
    const wrong = (path: string[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message: says(message, remedy) });
    // Without both, the file's format may fix them.
    if (task === 'survival' && (clinical.time === undefined) !== (clinical.event === undefined)) {
      if (clinical.time === undefined)
        wrong(['clinical'], "survival needs 'clinical.time'", 'Name the column of the follow-up time');
      else wrong(['clinical'], "survival needs 'clinical.event'", 'Name the column that is 1 where the death was seen');
    }
    if (split.testCohort !== undefined && moreCohorts === undefined) {
      wrong(
        ['split', 'testCohort'],
        "'split.testCohort' needs 'moreCohorts'",
        'List the configs of the other cohorts there',
      );
    }
    if (training.modalityDropout > 0 && model.name !== 'subspace') {
      wrong(
        ['training', 'modalityDropout'],
        `'training.modalityDropout' is for the subspace network, not for ${model.name}`,
        'Take it away',
      );
    }
  });

/** The one file a user writes, with every default filled in and every path absolute. It parses to itself again. */
export type Config = z.output<typeof schema>;
/** The same as a user writes it: what has a default can be left out. */
export type ConfigInput = z.input<typeof schema>;
/** Where the genes of the subspaces are from. `microenvironmentFile` or else `file` tell which form it is; the last has neither. */
export type GeneSetsConfig = Config['geneSets'];
