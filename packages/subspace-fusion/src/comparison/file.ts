import { join } from 'node:path';
import { z } from 'zod';
import { fileSource } from '../files/file-source.js';
import { parseValue, readJson, type Stored } from '../files/json.js';
import { resultFile } from '../runs/result.js';
import { exists, writeJson } from '../runs/run-folder.js';
import { count, unnamedMetric as metric, namedMetrics, texts, TIME_UNITS } from '../runs/values.js';

const refused = z.object({ reason: z.string() });

/** A metric as it stands under its name: `{value, low, high, n, …}` or `{value: null, reason}`. */
export type NamedMetric = Stored<typeof metric>;

const difference = z.intersection(
  metric,
  z.object({
    p: z.number().optional().describe('Two-sided bootstrap p-value of no difference; absent where it is refused'),
    adjustedP: z.number().optional().describe('The same after Holm, over all differences of the comparison'),
    verdict: z
      .enum(['helps', 'harms', 'equivalent', 'undetermined'])
      .optional()
      .describe(
        'What it says of the first model against the second, ±0.01 being no matter; absent without an interval',
      ),
  }),
);
/** The difference of two models on the same patients in the metric that speaks for the task, the first minus the second. */
export type Difference = Stored<typeof difference>;

const horizon = z.object({
  time: z.number().describe("In the cohort's unit"),
  timeUnit: z.enum(TIME_UNITS),
  times: z.array(z.number()).describe('Times at which the Brier score is taken, the last of them the horizon'),
  rule: z.string().describe('How it was chosen, in words'),
});
/** A time fixed by training patients alone. */
export type Horizon = Stored<typeof horizon>;

/** Paired differences of models to the clinical model: model minus clinical, so that a lower Brier score is negative. */
const adds = z.object({
  over: z.literal('ageDiagnosisGrade').describe("The clinical model's name among the models"),
  variables: texts,
  leftOut: z
    .array(z.object({ variable: z.string(), reason: z.string() }))
    .describe('What the clinical model lacks, and why: the table has no such column, or the label is made of it'),
  thresholds: z
    .array(z.number())
    .describe('Probabilities at which somebody would be treated; the keys of net benefit hold them'),
  models: z
    .record(z.string(), namedMetrics)
    .describe(
      'By model: `concordanceIndex`, `integratedBrier`, `netBenefit[0.25]` …; of classes `macroAuc`, `brier` and net benefit as the mean over classes against the rest. Net benefit is in true positives per patient',
    ),
});

const repeated = z.object({
  repeats: count,
  folds: count,
  models: z.record(z.string(), metric).describe('By model, of the metric that speaks for the task'),
  differences: z.record(z.string(), z.intersection(metric, z.object({ p: z.number().optional() }))),
});
/** Means over repeats × folds with the interval of the corrected resampled t-test (Nadeau & Bengio 2003). */
export type RepeatedFolds = Stored<typeof repeated>;

const bootstrap = z.object({
  seed: z.number(),
  resamples: count.describe('Of what speaks for the task, and of its differences'),
  secondaryResamples: count.describe('Of all other metrics'),
  family: count.describe("Differences that Holm's procedure adjusts together"),
  margin: z.number().describe('A difference within ± this is none'),
  units: z.string().describe('Who is drawn, in words'),
});

/** One scope: the first model, which the others are taken from, and all others, on the same patients. */
const compared = {
  patients: count.describe('Test patients, each counted once however often it is tested'),
  metrics: namedMetrics.describe("The first model's: means over seeds, then folds"),
  baselines: z.record(z.string(), namedMetrics).describe('The same of every other model, simple ones too'),
  differences: z.record(z.string(), difference).describe('Paired, as in `subspace - ridgeCox`'),
};
const whole = {
  ...compared,
  adds: z
    .union([refused.extend({ variables: texts.optional().describe('Of the clinical model, where it is known') }), adds])
    .describe('What each model has over age, diagnosis and grade'),
  horizon: z
    .union([refused, horizon])
    .optional()
    .describe('Of survival: the time up to which it is judged, or why there is none'),
  repeated: repeated
    .optional()
    .describe('Of folds that deal the same patients several times: an interval that knows that training sets overlap'),
  bootstrap: bootstrap.describe('How the intervals came about'),
};
const comparedModels = z.object(whole);
/** Models on the test patients of all folds. */
export type ComparedModels = Stored<typeof comparedModels>;

const subgroup = z.object({
  by: z.enum(['grade', 'idh', 'sex', 'age', 'site']),
  group: z
    .string()
    .describe('`2`, `mutant`, `female`, `40 to 60`, `06`; `others` are all sites with too few patients, counted only'),
  patients: count,
  sites: count.optional().describe('Of `others`: how many sites'),
  metric: metric.describe('The metric that speaks for the task'),
});
/** The first model in a part of the patients. Pairs of patients are compared within folds, and counted over all. */
export type SubgroupScore = Stored<typeof subgroup>;

const tested = { patient: z.string(), fold: count, repeat: count.optional() };
const worst = z.union([
  z.object({
    ...tested,
    discordant: z
      .number()
      .describe('Share of comparable pairs of the fold that the risks order wrongly (ties 1/2), the mean over runs'),
    comparablePairs: count,
    riskRank: z.number().describe("Share of the fold's other patients with a lower risk"),
    time: z.number(),
    event: z.boolean(),
  }),
  z.object({
    ...tested,
    probabilityOfTruth: z.number().describe('Mean over runs'),
    truth: z.string(),
    predicted: z.string(),
  }),
]);
/** A patient whom the first model got wrong, and what happened. */
export type WorstPatient = Stored<typeof worst>;

const probe = z.union([
  z.object({ of: z.string(), reason: z.string() }),
  z.object({
    of: z.string().describe('`the tissue source site`, or the clinical column'),
    sites: texts.describe('Sites with enough patients'),
    patients: count,
    leftOut: count.describe('Patients of other sites, or of none that is known'),
    inputs: z
      .record(z.string(), metric)
      .describe('By what it is told from: macro AUC over sites, the mean over folds; 0.5 is chance'),
  }),
]);
/** How well the inputs of a network tell where a patient was treated, which it can take for biology where sites differ in outcome. */
export type SiteProbe = Stored<typeof probe>;

/**
 * A training of the same configuration with something taken away: `permuted-bags` gives every patient the slides of another,
 * `shuffled-outcomes` the outcome of another, for the simple models too.
 */
export const CONTROLS = ['permuted-bags', 'shuffled-outcomes'] as const;
export type Control = (typeof CONTROLS)[number];

const run = z.object({
  model: z.string().describe('Its name in `differences`'),
  seed: count,
  control: z.enum(CONTROLS).optional(),
  folder: z.string().describe('Run folder, below that of the comparison'),
  result: resultFile.optional().describe('What its own `result.json` says'),
  failure: z.string().optional().describe('Why it has none'),
});

const fold = z.object({
  fold: count,
  repeat: count.optional().describe('Which dealing of the patients to folds; absent where there is only one'),
  task: z.string(),
  split: z.literal('test'),
  ...compared,
  runs: z.array(run),
});
/** One fold in the form of a `result.json`, the metrics being means over the seeds. */
export type FoldResult = Stored<typeof fold>;

const taskComparison = z.object({
  task: z.string(),
  model: z.string().describe('The first model, as `differences` name it'),
  split: z.literal('test'),
  seeds: z.array(count),
  ...whole,
  subgroups: z.array(subgroup).describe('The first model by grade, IDH status, sex, age and site'),
  worstPredicted: z.array(worst).describe('The ten patients whom the first model got most wrong, the worst first'),
  notes: texts.describe('What to know before the figures, as that seeds are few'),
  within: z
    .array(z.intersection(z.object({ column: z.string(), value: z.string() }), z.union([refused, comparedModels])))
    .describe('The same of the patients of a subgroup alone, or why there is nothing'),
  folds: z.array(fold).describe('What each fold alone says; of one that lacks a finished run, which and why'),
  shuffledOutcomes: comparedModels
    .optional()
    .describe('The control: outcomes exchanged between patients. All models are at chance, or something leaks'),
  probe: probe.optional().describe('How well the inputs tell the site'),
});
/** All models of one task on the same folds. */
export type TaskComparison = Stored<typeof taskComparison>;

const comparisonFile = z.object({
  format: z.literal(1),
  name: z.string().describe('Of the config, or of the plan'),
  tasks: z.array(taskComparison),
});
/** `comparison.json`: what a cross-validation, or a plan of many settings, says. */
export type ComparisonFile = Stored<typeof comparisonFile>;

export const COMPARISON_FILE = 'comparison.json';
/** What cross-validations were written to before: one task, whose runs do not name their model. */
const FORMER_FILE = 'crossval.json';

export async function writeComparisonFile(folder: string, comparison: ComparisonFile): Promise<void> {
  await writeJson(join(folder, COMPARISON_FILE), comparison);
}

/** Whether a folder holds a comparison, of this version or of the one before. */
export async function holdsComparison(folder: string): Promise<boolean> {
  return (await exists(join(folder, COMPARISON_FILE))) || (await exists(join(folder, FORMER_FILE)));
}

const REMEDY =
  'Start the same `subspace crossval` or `sweep` again: it gathers what is finished and goes on with the rest';

/** Reads the comparison of a folder. @throws {InputError} where there is none, or it is not whole or of another form */
export async function readComparisonFile(folder: string): Promise<ComparisonFile> {
  if (await exists(join(folder, COMPARISON_FILE))) return read(join(folder, COMPARISON_FILE), comparisonFile);
  const file = join(folder, FORMER_FILE);
  return parseValue(fromFormer(await read(file, formerFile)), comparisonFile, { file, remedy: REMEDY });
}

async function read<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  const source = await fileSource(file);
  try {
    return await readJson(source, schema, REMEDY);
  } finally {
    await source.close();
  }
}

const formerFile = z.looseObject({
  name: z.string(),
  model: z.string(),
  folds: z.array(z.looseObject({ runs: z.array(z.looseObject({ control: z.enum(CONTROLS).optional() })) })),
});

function fromFormer({ name, model, folds, ...rest }: z.output<typeof formerFile>): unknown {
  const named = folds.map((fold) => ({
    ...fold,
    runs: fold.runs.map((run) => ({ model: run.control === 'permuted-bags' ? 'permutedBags' : model, ...run })),
  }));
  return { format: 1, name, tasks: [{ ...rest, model, folds: named }] };
}
