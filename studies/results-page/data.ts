/** The records that docs/results.md is made from: files of studies/results, their form, and how they are read and written. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readAllRecords, type TaskRecord } from '../real-histology/record.js';

/** Below the folder of the checkout. */
export const RECORDS = 'studies/results';

const count = z.int().nonnegative();
const share = z.number().gt(0).lt(1);

export const source = z.strictObject({
  program: z.string().describe('Program and version'),
  recordedBy: z
    .string()
    .regex(/^[0-9a-f]{7,40}$/)
    .describe('The commit that recorded the numbers; the trainings were done by it or by an earlier one'),
  command: z.string(),
  decimals: count.optional().describe('Numbers are rounded to as many decimals; absent where they are not rounded'),
  marks: z.array(z.string()).describe('What a reader has to know of these runs'),
});
export type Source = z.infer<typeof source>;

export const estimate = z
  .strictObject({ value: z.number(), low: z.number(), high: z.number() })
  .refine(({ value, low, high }) => low <= value && value <= high, 'the interval has to contain the value');
export type Estimate = z.infer<typeof estimate>;

const model = z.strictObject({
  model: z.string(),
  score: estimate,
  difference: estimate.optional().describe('The first model minus this one, the same patients drawn for both'),
  mark: z.string().optional().describe('Why the model is not compared with the first'),
});
export type ScoredModel = z.infer<typeof model>;

const scored = z.strictObject({
  group: z.string(),
  patients: count,
  deaths: count.optional(),
  models: z.array(model).min(2),
});
const refused = z.strictObject({ group: z.string(), reason: z.string() });

const crossValidation = z.strictObject({
  source,
  name: z.string(),
  task: z.string(),
  metric: z.enum(['C-index', 'macro AUC']),
  floors: z.enum(['left out', 'kept']).describe('Genes whose lowest value differs between the studies'),
  seeds: z.array(count).min(1),
  controlSeeds: z.array(count).optional().describe('Of the trainings with bags permuted'),
  trainingShare: share.describe('Of all patients, those that a model of a fold is fitted on'),
  testShare: share,
  scopes: z
    .array(z.union([scored, refused]))
    .min(1)
    .describe('All patients first'),
  byFold: z.array(z.strictObject({ model: z.string(), folds: z.array(z.number()).min(2) })),
});
/** One cross-validation: the first model and those it is compared with. */
export type CrossValidation = z.infer<typeof crossValidation>;

const score = z.strictObject({
  concordanceIndex: z.number(),
  attained: z.number().describe('Mean share of what is attainable, (C − 0.5)/(C* − 0.5)'),
});

const plantedTruth = z.strictObject({
  source,
  cohorts: z.array(count).min(2),
  trainings: count,
  coreHours: z.number(),
  comparisons: z.array(
    z.strictObject({
      regime: z.string(),
      against: z.string(),
      wholeMethod: score,
      other: score,
      differences: z.array(z.number()).min(2).describe('Whole method minus the other, one per cohort'),
    }),
  ),
  regimes: z.array(
    z.strictObject({
      regime: z.string(),
      attainable: z.number(),
      wholeMethod: z.number(),
      ridgeCox: z.number(),
      rankTumour: z.number(),
      rankMicroenvironment: z.number(),
    }),
  ),
});
/** The study on simulated cohorts: C-indices are means over cohorts. */
export type PlantedTruth = z.infer<typeof plantedTruth>;

const externalScore = z.strictObject({
  cohort: z.string(),
  trainedOn: z.string(),
  scaling: z.string(),
  patients: z.int().positive(),
  deaths: z.int().nonnegative(),
  model: z.string(),
  concordance: estimate,
});
export type ExternalScore = z.infer<typeof externalScore>;

const external = z.strictObject({
  source,
  genes: z.int().positive().describe('Of the two sets, in all matrices'),
  trainingPatients: z.int().positive().describe('Of TCGA, validation and test patients of the training included'),
  scores: z.array(externalScore).min(1),
});
export type External = z.infer<typeof external>;

export interface Records {
  /** By name. */
  readonly crossValidations: ReadonlyMap<string, CrossValidation>;
  readonly plantedTruth: PlantedTruth;
  /** Of the gene side on other cohorts; absent until it is run. */
  readonly external?: External | undefined;
  /** Of the study on real histology, as far as it is done. */
  readonly realHistology: readonly TaskRecord[];
}

const EXTERNAL = 'external-genes.json';
const PLANTED_TRUTH = 'planted-truth.json';
const crossValidationFile = (name: string) => `tcga-${name}.json`;

export function readRecords(folder: string): Records {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const files = readdirSync(folder);
  const all = files
    .filter((file) => /^tcga-.*\.json$/.test(file))
    .sort()
    .map((file) => crossValidation.parse(read(file)));
  return {
    crossValidations: new Map(all.map((one) => [one.name, one])),
    plantedTruth: plantedTruth.parse(read(PLANTED_TRUTH)),
    external: files.includes(EXTERNAL) ? external.parse(read(EXTERNAL)) : undefined,
    realHistology: readAllRecords(join(folder, 'real-histology')),
  };
}

export function writeCrossValidation(folder: string, value: CrossValidation): void {
  write(join(folder, crossValidationFile(value.name)), crossValidation.parse(value));
}

export function writePlantedTruth(folder: string, value: PlantedTruth): void {
  write(join(folder, PLANTED_TRUTH), plantedTruth.parse(value));
}

export function writeExternal(folder: string, value: External): void {
  write(join(folder, EXTERNAL), external.parse(value));
}

const write = (file: string, value: unknown) => {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
};
