import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument, parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { badInput, InputError, type Problem } from '../files/errors.js';
import { requireFile } from '../files/file-source.js';
import { nearest } from '../files/text.js';
import {
  CLINICAL_VARIABLES,
  EXPRESSION_FORMATS,
  LAYOUTS,
  MARKER_COLUMNS,
  STAR_COLUMNS,
  type MarkerKey,
} from './choices.js';

const name = z.string().min(1);
const count = z.int().positive();
const fraction = z.number().gt(0).lt(1);
const seed = z.int().nonnegative();
/** Forms of a part of the method: as it is meant, as it was published, or left out. */
const FORMS = ['corrected', 'reference', 'none'] as const;
/** Networks that can be trained. */
const NETWORKS = ['subspace', 'abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta'] as const;

/** Text of a cell; YAML reads 1 and true as no text. */
const cell = z.union([name, z.number(), z.boolean()]).transform(String);
const CONDITION = { error: "a condition is 'COLUMN=VALUE' or {column: NAME, values: [VALUE, …]}" };
const condition = z.union(
  [z.string().regex(/^[^=]+=./, CONDITION), z.strictObject({ column: name, values: z.array(cell).min(1) })],
  CONDITION,
);
const covariate = z.union(
  [z.enum(CLINICAL_VARIABLES), z.strictObject({ column: name, kind: z.enum(['number', 'category']).optional() })],
  { error: `a covariate is one of ${CLINICAL_VARIABLES.join(', ')}, or {column: NAME}` },
);

const TASK = "a task is 'survival', 'diagnosis', 'grade', 'subtype' or {column: NAME}";

/** Schema of a config, without what no single key can be blamed for. */
export const configSchema = z.strictObject({
  name,
  /** Folder that relative paths start from; the folder of the config itself by default. */
  data: name.optional(),
  /** Configs of further cohorts of the study: their clinical data, expression and features are read, the rest is of this config. */
  moreCohorts: z.array(name).min(1).optional(),
  /** Conditions that a patient must meet: `COLUMN=VALUE`, or a column with several values. */
  include: z.array(condition).min(1).optional(),
  clinical: z.strictObject({
    /** A list of files here is this one and `moreFiles`. */
    file: name,
    /** Further files, joined to the first by patient: cBioPortal's samples beside its patients. */
    moreFiles: z.array(name).min(1).optional(),
    patient: name.default('patient_id'),
    /** Follow-up time, in `timeUnit`; needed for survival. */
    time: name.optional(),
    /** 1 where the death was seen; a column named like "censorship" holds 1 where it was not. */
    event: name.optional(),
    timeUnit: z.enum(['days', 'months', 'years']).default('months'),
    /** Name of the endpoint in reports; OS where the column of the event names no other. */
    endpoint: name.optional(),
    /** Values of the event column that say it was seen; every other known value then says that it was not. */
    eventValues: z.array(cell).min(1).optional(),
    /** Columns that hold the markers of a diagnosis, where they are named otherwise than here. */
    columns: z.partialRecord(z.enum(Object.keys(MARKER_COLUMNS) as [MarkerKey, ...MarkerKey[]]), name).optional(),
    /** A control: every patient is given the outcome of another, drawn from this seed. */
    shuffleOutcomes: seed.optional(),
  }),
  expression: z.strictObject({
    /** A matrix, or the folder of a download from the GDC or the Ivy GAP. */
    file: name,
    /** Told by the content, where it is not said. */
    format: z.enum(EXPRESSION_FORMATS).optional(),
    /** Of STAR-counts files, the column that is read; `tpm_unstranded` by default. */
    column: z.enum(STAR_COLUMNS).optional(),
    /** Which STAR-counts file is of which case: a sample sheet, where it is not in the folder. */
    samples: name.optional(),
    /** Table of other names of genes (Ensembl ids, aliases) and their symbols. */
    geneMap: name.optional(),
    /** By default `none` where the matrix has negative values, `log2p1` where the format fixes the unit; otherwise it must be said. */
    transform: z.enum(['none', 'log2p1', 'rank']).optional(),
    /** By the training patients, where it is not said; `cohort` scales each cohort by itself, which hides batch effects and makes others. */
    scaling: z.enum(['training', 'cohort']).optional(),
    /** A clinical column (study, site): genes whose floor value tells its groups apart are left out. */
    leaveOutFloorsBy: name.optional(),
  }),
  geneSets: z
    .strictObject({
      /** GMT, or a table with a column of sets, or the tumour genes one a line; without it, the sets of the package. */
      file: name.optional(),
      /** The genes of the microenvironment, where each set has a file of its own. */
      microenvironmentFile: name.optional(),
      /** Columns of a table: the gene, and the set that it belongs to. */
      gene: name.optional(),
      type: name.optional(),
      tumour: name.default('TUMOUR'),
      microenvironment: name.default('MICROENVIRONMENT'),
      /** A control: sets of the same sizes, drawn from this seed among the genes that are in neither. */
      random: seed.optional(),
    })
    .prefault({}),
  features: z.strictObject({
    folder: name,
    /** The patch encoder, where the files do not say it. */
    encoder: name.optional(),
    /** Table of `patient_id,slide_id`; without it a file belongs to the patient whose id its name starts with. */
    slides: name.optional(),
    /** Whether tokens stand on the grid in the order of the file, `raster`, the default, or by their coordinates, `spatial`. */
    layout: z.enum(LAYOUTS).optional(),
    /** A control: every patient is given the slides of another, drawn from this seed. */
    permuteBags: seed.optional(),
  }),
  task: z
    .union([z.enum(['survival', 'diagnosis', 'grade', 'subtype']), z.strictObject({ column: name })], { error: TASK })
    .default('survival'),
  labels: z.enum(['who2021', 'paper']).default('who2021'),
  /** Clinical variables that enter the model beside slides and genes. */
  covariates: z.array(covariate).min(1).optional(),
  split: z
    .strictObject({
      /** folds.csv, one splits_k.csv, or the folder that holds splits_0.csv, splits_1.csv, … */
      file: name.optional(),
      fold: z.int().nonnegative().optional(),
      /** Without a file: divide the patients into so many folds from the seed; `fold` is the test part. */
      folds: z.int().min(2).optional(),
      /** Deals the patients to other folds, from 0; a cross-validation with repeats sets it. */
      repeat: z.int().nonnegative().optional(),
      /** Keeps the patients of a site in one part: by the tissue source site of a TCGA barcode, or by a clinical column. By default nobody is kept together. */
      by: z
        .union([z.literal('site'), z.strictObject({ column: name })], { error: "'by' is site, or {column: NAME}" })
        .optional(),
      /** The cohort whose patients are the test part, or several. */
      testCohort: z.union([name, z.array(name).min(1)]).optional(),
      seed: seed.default(1),
      test: fraction.default(0.1),
      validation: fraction.default(0.1),
      /** Of all patients, taken from those to train on: prediction sets come from them. None, where it is not said. */
      conformal: z.number().min(0).lt(1).optional(),
    })
    .prefault({}),
  model: z
    .strictObject({
      /** The method, or a published model that it is compared with. */
      name: z.enum(NETWORKS).default('subspace'),
      /** Tokens of a bag. */
      bag: z
        .int()
        .refine((n) => n >= 36 && Number.isInteger(Math.sqrt(n)), {
          error: 'a bag is a square number of tokens from 36 up (400, 900, 2500)',
        })
        .default(2500),
      /** Of the method; the peers keep the rates of their own papers, and 0 turns dropout off in all of them. */
      dropout: z.number().min(0).lt(1).default(0.1),
      /** Survival: the paper's four quartile bins, or bins with clinical horizons and censored patients credited with the part that was seen. */
      survivalHead: z.enum(['paper', 'calibrated']).default('paper'),
      /** Ablations: one branch for all genes; every token a key; no position bias. */
      subspaces: z.enum(['two', 'joint']).default('two'),
      attention: z.enum(['deformable', 'plain']).default('deformable'),
      positionBias: z.enum(['continuous', 'none']).default('continuous'),
    })
    .prefault({}),
  training: z
    .strictObject({
      epochs: count.default(20),
      batch: count.default(8),
      /** Samples that go through the network at once; default: as many as have 2,500 tokens. */
      microBatch: count.optional(),
      learningRate: z.number().positive().default(1e-3),
      weightDecay: z.number().nonnegative().default(1e-4),
      seed: seed.default(1),
      /** `offsets` compares offsets from the base grid, without the grid itself: a control. */
      consistency: z.enum([...FORMS, 'offsets']).default('corrected'),
      /** `random` draws the subspace that gives way: a control. */
      coordination: z.enum([...FORMS, 'random']).default('corrected'),
      /** Share of training samples that lose their slide or their genes, so that the model can do without; 0 for none. */
      modalityDropout: z.number().min(0).lt(1).default(0),
      threads: count.optional(),
    })
    .prefault({}),
  provider: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
});

/** The one file a user writes, with every default filled in and every path absolute. It parses to itself again. */
export type Config = z.output<typeof configSchema>;

/** Keys that hold a path or several, as [section, key]. */
const PATHS = [
  ['clinical', 'file'],
  ['clinical', 'moreFiles'],
  ['expression', 'file'],
  ['expression', 'samples'],
  ['expression', 'geneMap'],
  ['geneSets', 'file'],
  ['geneSets', 'microenvironmentFile'],
  ['features', 'folder'],
  ['features', 'slides'],
  ['split', 'file'],
] as const;

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys that the schema knows at a path of nested sections. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let at: unknown = configSchema;
  for (const key of [...path, undefined]) {
    while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional) at = at.unwrap();
    if (!(at instanceof z.ZodObject)) return [];
    if (key !== undefined) at = at.shape[key as string];
    else return Object.keys(at.shape);
  }
  return [];
}

type Place = Pick<Problem, 'file' | 'row'>;

function issueProblems(issue: z.core.$ZodIssue, place: (path: readonly PropertyKey[]) => Place): Problem[] {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const full = (k: string) => [...issue.path, k].join('.');
      return {
        severity: 'error',
        ...place([...issue.path, key]),
        message: `unknown key '${full(key)}'`,
        remedy: near === undefined ? `Keys here: ${known.join(', ')}` : `Did you mean '${full(near)}'?`,
      };
    });
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [
    {
      severity: 'error',
      ...place(issue.path),
      message: missing ? `the key '${at}' is missing` : `'${at}': ${issue.message}`,
      remedy: missing ? 'Add it' : 'Correct the value',
    },
  ];
}

/** Sets `a.b.c` of nested plain objects, replacing what is no object on the way; null takes the key away. */
function setAt(object: Plain, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    if (value === null) Reflect.deleteProperty(object, key);
    else object[key] = value;
  } else {
    if (!isPlain(object[key])) object[key] = {};
    setAt(object[key] as Plain, rest, value);
  }
}

/** `['a.b=c', …]` as given to `--set` → `{'a.b': 'c', …}`. Throws {@link InputError} for text without `=`. */
export function parseOverrides(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new InputError(`--set ${pair}: expected key=value, for example --set training.epochs=5`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/**
 * Reads the text of a config. Relative paths start at the config's folder, or at its `data` folder. `overrides` maps
 * keys such as `training.epochs` to values written as in YAML; their relative paths start at the working directory, and
 * `null` takes a key away.
 * @throws {InputError} naming every unknown, missing or wrong key at once, an unknown one with the nearest known.
 */
export function parseConfig(text: string, path: string, overrides: Readonly<Record<string, string>> = {}): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken) {
    const message = `this is not YAML: ${broken.message.split('\n')[0].replace(/ at line.*$/, '')}`;
    throw badInput({
      file: path,
      row: lines.linePos(broken.pos[0]).line,
      message,
      remedy: 'Check the indentation and the colons',
    });
  }
  const given: unknown = document.toJS() ?? {};
  if (!isPlain(given))
    throw badInput({ file: path, message: 'the config is not a list of keys', remedy: 'Write key: value lines' });

  const pathKeys = new Set(['data', 'moreCohorts', ...PATHS.map((keys) => keys.join('.'))]);
  for (const [key, value] of Object.entries(overrides)) {
    setAt(given, key.split('.'), pathKeys.has(key) && value !== 'null' ? resolve(value) : overrideValue(key, value));
  }
  divideFiles(given['clinical']);
  if (typeof given['moreCohorts'] === 'string') given['moreCohorts'] = [given['moreCohorts']];
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) {
    const place = (at: readonly PropertyKey[]): Place => {
      if (at.join('.') in overrides) return { file: '--set' };
      const pair = document.getIn(at, true) as { range?: [number, number, number] } | undefined;
      return { file: path, row: pair?.range ? lines.linePos(pair.range[0]).line : undefined };
    };
    throw new InputError(parsed.error.issues.flatMap((issue) => issueProblems(issue, place)));
  }
  return checkTogether(withAbsolutePaths(parsed.data, path), path);
}

/** `file: [a, b]` → `file: a`, `moreFiles: [b]`. */
function divideFiles(clinical: unknown): void {
  if (!isPlain(clinical) || !Array.isArray(clinical['file'])) return;
  const [file, ...more] = clinical['file'] as unknown[];
  clinical['file'] = file;
  if (more.length > 0) clinical['moreFiles'] = more;
}

function overrideValue(key: string, value: string): unknown {
  try {
    return parseYaml(value) as unknown;
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new InputError(`--set ${key}=${value}: the value is not valid YAML; quote it`);
    throw error;
  }
}

function withAbsolutePaths(config: Config, path: string): Config {
  const base = resolve(dirname(path), config.data ?? '.');
  const absolute = structuredClone(config);
  if (config.data !== undefined) absolute.data = base;
  if (config.moreCohorts !== undefined) absolute.moreCohorts = config.moreCohorts.map((other) => resolve(base, other));
  for (const [section, key] of PATHS) {
    const part = absolute[section] as Record<string, unknown>;
    const paths = part[key];
    if (typeof paths === 'string') part[key] = resolve(base, paths);
    else if (Array.isArray(paths)) part[key] = paths.map((path: string) => resolve(base, path));
  }
  return absolute;
}

/** What no single key can be blamed for. */
function checkTogether(config: Config, file: string): Config {
  const { clinical, geneSets, model, split, task, training } = config;
  const problems: Problem[] = [];
  const wrong = (message: string, remedy: string) => problems.push({ severity: 'error', file, message, remedy });
  // Without both, the file's format may fix them.
  if (task === 'survival' && (clinical.time !== undefined || clinical.event !== undefined)) {
    if (clinical.time === undefined) wrong("survival needs 'clinical.time'", 'Name the column of the follow-up time');
    if (clinical.event === undefined)
      wrong("survival needs 'clinical.event'", 'Name the column that is 1 where the death was seen');
  }
  for (const key of ['microenvironmentFile', 'gene', 'type'] as const) {
    if (geneSets[key] !== undefined && geneSets.file === undefined) {
      wrong(`'geneSets.${key}' needs 'geneSets.file'`, "Name the file, or take it away to use the package's own sets");
    }
  }
  if (clinical.eventValues !== undefined && clinical.event === undefined) {
    wrong("'clinical.eventValues' needs 'clinical.event'", 'Name the column that holds them');
  }
  if (split.testCohort !== undefined) {
    if (config.moreCohorts === undefined)
      wrong("'split.testCohort' needs 'moreCohorts'", 'List the configs of the other cohorts there');
    if (split.file !== undefined || split.folds !== undefined) {
      wrong(
        "'split.testCohort' says who is tested, and so does 'split.file' or 'split.folds'",
        'Take one of them away',
      );
    }
  }
  const { test, validation, conformal = 0 } = split;
  if (test + validation + conformal >= 1) {
    wrong(
      `'split.test' and 'split.validation'${conformal > 0 ? " with 'split.conformal'" : ''} leave nothing to train on`,
      'Lower them',
    );
  }
  if (split.fold !== undefined && split.file === undefined && split.folds === undefined) {
    wrong("'split.fold' needs 'split.file' or 'split.folds'", 'Name the file of the folds, or say how many to make');
  }
  if (split.repeat !== undefined && split.folds === undefined)
    wrong("'split.repeat' needs 'split.folds'", 'Say how many folds to make');
  if (split.by !== undefined && (split.file !== undefined || split.testCohort !== undefined)) {
    wrong(
      "'split.by' says who is kept together, and 'split.file' or 'split.testCohort' who is tested",
      'Take one of them away',
    );
  }
  if (split.folds !== undefined && split.file !== undefined)
    wrong("'split.folds' and 'split.file' exclude each other", 'Take one of them away');
  if (split.folds !== undefined && split.fold !== undefined && split.fold >= split.folds) {
    wrong(`there is no fold ${split.fold} of ${split.folds}`, 'Folds are counted from 0');
  }
  if (training.modalityDropout > 0 && model.name !== 'subspace') {
    wrong(`'training.modalityDropout' is for the subspace network, not for ${model.name}`, 'Take it away');
  }
  if (problems.length > 0) throw new InputError(problems);
  return config;
}

/** {@link parseConfig} of a file. */
export async function loadConfig(path: string, overrides: Readonly<Record<string, string>> = {}): Promise<Config> {
  await requireFile(path);
  return parseConfig(await readFile(path, 'utf8'), path, overrides);
}
