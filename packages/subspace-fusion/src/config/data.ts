import { z } from 'zod';
import {
  cell,
  CLINICAL_VARIABLES,
  elsewhere,
  excluded,
  EXPRESSION_FORMATS,
  LAYOUTS,
  MARKER_COLUMNS,
  name,
  NO_FORM,
  path,
  paths,
  says,
  seed,
  STAR_COLUMNS,
} from './values.js';

const CONDITION = { error: "a condition is 'COLUMN=VALUE' or {column: NAME, values: [VALUE, …]}" };
export const condition = z.union(
  [
    z.string().regex(/^[^=]+=./, CONDITION),
    z.strictObject({
      column: name.describe('Clinical column.'),
      values: z.array(cell).min(1).describe('Values of the column, any of which meets the condition.'),
    }),
  ],
  CONDITION,
);
export const covariate = z.union(
  [
    z.enum(CLINICAL_VARIABLES),
    z.strictObject({
      column: name.describe('Clinical column.'),
      kind: z
        .enum(['number', 'category'])
        .optional()
        .describe('How the column is read; by default as its values look.'),
    }),
  ],
  { error: `a covariate is one of ${CLINICAL_VARIABLES.join(', ')}, or {column: NAME}` },
);

export const clinical = z
  .strictObject({
    file: paths.describe(
      'Table of the patients; of a list of tables, the further ones are joined to the first by patient.',
    ),
    moreFiles: z
      .array(path())
      .min(1)
      .optional()
      .describe("Further tables, joined to the first by patient: for example cBioPortal's samples to its patients."),
    patient: name.default('patient_id').describe('Column of the patient ids; formats that are known have their own.'),
    time: name
      .optional()
      .describe(
        'Column of the follow-up time, in timeUnit; survival needs it unless the format of the table fixes it.',
      ),
    event: name
      .optional()
      .describe(
        'Column that is 1 where the death was seen, or 0 where its name contains "censor"; survival needs it unless the format of the table fixes it.',
      ),
    timeUnit: z
      .enum(['days', 'months', 'years'])
      .default('months')
      .describe('Unit of the named time column and of all times in results.'),
    endpoint: name
      .optional()
      .describe('Name of the endpoint in reports; by default as the event column is named, or OS.'),
    eventValues: z
      .array(cell)
      .min(1)
      .optional()
      .describe('Values of the event column that say it was seen; every other known value says that it was not.'),
    columns: z
      .partialRecord(z.enum(Object.keys(MARKER_COLUMNS) as (keyof typeof MARKER_COLUMNS)[]), name)
      .optional()
      .describe('Columns of the markers of a diagnosis, where they have other names than the known ones.'),
    shuffleOutcomes: seed
      .optional()
      .describe('A control: gives every patient the outcome of another, drawn from this seed.'),
  })
  .refine(({ event, eventValues }) => event !== undefined || eventValues === undefined, {
    error: says("'clinical.eventValues' needs 'clinical.event'", 'Name the column that holds them'),
    path: ['eventValues'],
  })
  .transform(({ file: [file, ...others], moreFiles = [], ...rest }) => {
    const more = [...others, ...moreFiles];
    return { file, ...(more.length > 0 ? { moreFiles: more } : {}), ...rest };
  });

export const expression = z.strictObject({
  file: path().describe('Matrix of genes and patients, or the folder of a download from the GDC or the Ivy GAP.'),
  format: z.enum(EXPRESSION_FORMATS).optional().describe('Format of the matrix; by default detected from the content.'),
  column: z
    .enum(STAR_COLUMNS)
    .optional()
    .describe("Column of the GDC's STAR-counts files that is read; by default tpm_unstranded."),
  samples: path()
    .optional()
    .describe('Sample sheet of the GDC, which says whose each file is; by default the one in the folder.'),
  geneMap: path().optional().describe('Table of other names of genes (Ensembl ids, aliases) and their symbols.'),
  transform: z
    .enum(['none', 'log2p1', 'rank'])
    .optional()
    .describe(
      'What is done to each value: nothing, log2(x + 1), or its rank within the patient; by default none for a matrix with negative values and log2p1 where the format fixes the unit, and otherwise it must be said.',
    ),
  scaling: z
    .enum(['training', 'cohort'])
    .optional()
    .describe(
      'By whose mean and spread each gene is scaled: those of the training patients, which is the default, or of its own cohort, which hides batch effects and makes new ones.',
    ),
  leaveOutFloorsBy: name
    .optional()
    .describe('Clinical column (study, site): genes whose floor value tells its groups apart are left out.'),
});

const needsGeneFile = (key: string) =>
  excluded(`'geneSets.${key}' needs 'geneSets.file'`, "Name the file, or take it away to use the package's own sets");
const TWO_LISTS =
  "'geneSets.gene' and 'geneSets.type' name columns of one table, and 'geneSets.microenvironmentFile' a list of its own";

const setNames = {
  tumour: name.default('TUMOUR').describe('Name of the set of tumour genes.'),
  microenvironment: name.default('MICROENVIRONMENT').describe('Name of the set of genes of the microenvironment.'),
  random: seed
    .optional()
    .describe('A control: sets of the same sizes, drawn from this seed among the genes that are in neither set.'),
};

const geneFile = path().describe(
  'Both sets as GMT or as a table, or the tumour genes, one a line; without it, the glioma sets of the package are read.',
);

/** One file of both sets, a list of genes for each, or the sets of the package. */
export const geneSets = z.union(
  [
    z.strictObject({
      file: geneFile,
      microenvironmentFile: excluded(TWO_LISTS),
      gene: name.optional().describe('Column of a table that holds the gene; known names are found without it.'),
      type: name
        .optional()
        .describe('Column of a table that holds the set of the gene; known names are found without it.'),
      ...setNames,
    }),
    z.strictObject({
      file: geneFile,
      microenvironmentFile: path().describe(
        'The genes of the microenvironment, one a line, where each set has a file of its own.',
      ),
      gene: excluded(TWO_LISTS),
      type: excluded(TWO_LISTS),
      ...setNames,
    }),
    z.strictObject({
      file: elsewhere,
      microenvironmentFile: needsGeneFile('microenvironmentFile'),
      gene: needsGeneFile('gene'),
      type: needsGeneFile('type'),
      ...setNames,
    }),
  ],
  { error: NO_FORM },
);

export const features = z.strictObject({
  folder: path().describe('Folder of the feature files; subfolders are not searched.'),
  encoder: name
    .optional()
    .describe('Patch encoder, for files that do not say it; it may not contradict those that do.'),
  slides: path()
    .optional()
    .describe(
      'Table of patient_id and slide_id; without it a file belongs to the patient whose id its name starts with.',
    ),
  layout: z
    .enum(LAYOUTS)
    .optional()
    .describe(
      'How tokens are placed on the grid: in the order of the file (raster), which is the default, or by their coordinates (spatial).',
    ),
  components: z
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'The features are reduced to this many principal components, learned on the training patients; by default they are taken as they are.',
    ),
  permuteBags: seed.optional().describe('A control: gives every patient the slides of another, drawn from this seed.'),
});
