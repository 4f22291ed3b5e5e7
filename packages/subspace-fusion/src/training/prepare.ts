import { append } from '../files/lists.js';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { compile } from 'onnx-autodiff';
import { hashInputs } from '../cohort/cohort-files.js';
import { loadCohort } from '../cohort/load.js';
import { makeSplit, strataOf } from '../cohort/split/split.js';
import type { Cohort, Patient, Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { InputError, type Problem } from '../files/errors.js';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Sample } from '../inference/batch.js';
import type { PredictingModel } from '../inference/predictor.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { effectiveRank } from '../metrics/effective-rank.js';
import { graphInputs, reads } from '../model/choice.js';
import { parameterInputs, type Parameters } from '../model/layers.js';
import { geneCodes, networkLayers } from '../model/network.js';
import { branchEntries, branchesOf, type Branch } from '../model/parts.js';
import { definingCovariateProblems, unseenProblems, type CovariateEncoding } from '../runs/covariates.js';
import { learnComponents } from '../runs/learn-components.js';
import { learnModel, withoutUnknownClasses } from '../runs/learn-model.js';
import type { Model } from '../runs/model.js';
import { fingerprintsOf, slideFingerprint } from '../runs/fingerprints.js';
import { exists, openRunFolder, RUN_FILES, writeJson } from '../runs/run-folder.js';
import type { EpochRecord } from '../runs/training-files.js';
import { VERSION } from '../version.js';
import type { Progress } from './epoch.js';

export interface TrainOptions {
  readonly config: Config;
  /** The run folder. */
  readonly out: string;
  readonly resume?: boolean;
  readonly onWarning?: (problem: Problem) => void;
  readonly onStep?: (progress: Progress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Stops after the running step; what the last whole epoch left on disk can be resumed. */
  readonly signal?: AbortSignal;
}

/** A cohort divided and prepared for a model. */
export interface Prepared {
  readonly cohort: Cohort;
  readonly split: Split;
  readonly model: Model;
  readonly samples: CohortSamples;
}

/** Loads the cohort, divides it and learns the model's preprocessing; writes them, or checks them against what is there. */
export async function prepare({ config, out, resume = false, onWarning }: TrainOptions): Promise<Prepared> {
  const begun = await exists(join(out, RUN_FILES.model));
  if (begun && !resume)
    throw new InputError(`${out}: holds a run already. Add --resume to go on with it, or choose another --out.`);
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  const warnings: Problem[] = [];
  const divided = await makeSplit(cohort.patients, strataOf(cohort.patients, config), config.split, warnings);
  const inputs = { ...(await hashInputs(config)), features: await slideFingerprint(cohort.patients) };
  const model = await withComponents(
    learnModel(cohort, divided, config, inputs, VERSION, warnings),
    cohort,
    divided,
    config,
  );
  const { split, leftOut } = withoutUnknownClasses(divided, cohort, model);
  if (leftOut.length > 0) warnings.push(unknownClasses(config, leftOut));
  if (model.covariates) append(warnings, aboutCovariates(config, model.covariates, cohort.patients));
  requirePatients(config, split);
  warnings.forEach((p) => onWarning?.(p));
  const samples = cohortSamples(cohort, model);
  if (begun) {
    await refuseChanges(out, config, split, model);
  } else {
    await writeJson(join(out, RUN_FILES.config), config);
    await writeJson(join(out, RUN_FILES.split), { format: 1, ...split });
    await writeJson(
      join(out, RUN_FILES.fingerprints),
      await fingerprintsOf(split, samples.patients, (id) => samples.genes(id)),
    );
    await writeJson(join(out, RUN_FILES.model), model); // last: from here on the folder holds a run
  }
  return { cohort, split, model, samples };
}

/** The model with the components that its config asks for, learned on the training patients alone. */
async function withComponents(model: Model, cohort: Cohort, { train }: Split, { features }: Config): Promise<Model> {
  const { components: count, folder } = features;
  if (count === undefined || !reads(model.network).bag) return model;
  const training = new Set(train);
  const components = await learnComponents(
    cohort.patients.filter(({ id }) => training.has(id)),
    { count, width: cohort.width, folder },
  );
  return { ...model, size: { ...model.size, patchWidth: count }, components };
}

function aboutCovariates(config: Config, covariates: CovariateEncoding, patients: readonly Patient[]): Problem[] {
  return [
    ...definingCovariateProblems(config, covariates),
    ...unseenProblems(covariates, patients, config.clinical.file),
  ];
}

function requirePatients({ clinical }: Config, { validation, test }: Split): void {
  for (const [part, patients] of Object.entries({ validation, test })) {
    if (patients.length === 0) {
      throw new InputError(
        `${clinical.file}: no ${part} patient is of a class that a training patient has. Use another split, or merge rare classes.`,
      );
    }
  }
}

function unknownClasses({ clinical }: Config, patients: readonly string[]): Problem {
  const message = `${patients.length} validation or test patients are of a class that no training patient has (${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''})`;
  return { severity: 'warning', file: clinical.file, message, remedy: 'They are left out' };
}

/** How many directions the gene codes of some patients use, by branch of the network; a peer has none. */
export interface GeneCodeRanks {
  of(parameters: Parameters): Promise<Partial<Record<Branch, number>>>;
  dispose(): Promise<void>;
}

/**
 * The effective rank of the gene codes v of these patients, each code scaled to length 1. The consistency loss compares
 * patients by the angles between their codes: where the rank falls to 1, all are alike to it, whatever their genes say.
 */
export async function geneCodeRanks(
  { network, size, tokens }: PredictingModel,
  samples: readonly Sample[],
  backend: Backend,
): Promise<GeneCodeRanks> {
  if (network.name !== 'subspace') return { of: () => Promise.resolve({}), dispose: () => Promise.resolve() };
  const branches = branchesOf(network.parts);
  const { genes } = graphInputs(network, size, tokens, samples.length);
  const codes = geneCodes(genes, parameterInputs(networkLayers(size, network.parts)));
  const program = await compile(Object.fromEntries(branchEntries(codes)), backend);
  const feeds = sampleFeeds(samples, program.inputs);
  return {
    async of(parameters) {
      const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => name in program.inputs));
      const codes = await program.run({ ...own, ...feeds });
      return Object.fromEntries(
        branches.map((branch) => [branch, effectiveRank(unitRows(codes[branch], samples.length), samples.length)]),
      );
    },
    dispose: () => program.dispose(),
  };
}

/** Rows of length 1; a row of zeros stays. */
function unitRows(rows: Float32Array, n: number): Float64Array {
  const D = rows.length / n;
  const lengths = Array.from({ length: n }, (_, i) => Math.hypot(...rows.subarray(i * D, (i + 1) * D)) || 1);
  return Float64Array.from(rows, (x, i) => x / lengths[Math.floor(i / D)]);
}

/** What `Model.inputs` has hashes of, in words. */
const INPUTS = {
  clinical: 'the clinical table',
  expression: 'the expression matrix',
  geneSets: 'the gene sets',
  features: 'the feature files',
};

/**
 * Compares a run folder with what would begin now: a resumed run must be the run that was begun.
 * @throws InputError naming all that changed.
 */
async function refuseChanges(folder: string, config: Config, split: Split, model: Model): Promise<void> {
  const run = await openRunFolder(folder);
  const before = run.model;
  const changed: string[] = [];
  for (const [name, words] of Object.entries(INPUTS))
    if (before.inputs[name] !== model.inputs[name]) changed.push(words);
  const keys = differentKeys(await run.config(), asRead(config));
  if (keys.length > 0) changed.push(`the config (${keys.join(', ')})`);
  if (before.version !== model.version)
    changed.push(`the program (${before.version} began it, this is ${model.version})`);
  if (changed.length === 0) {
    // Nothing that a user changes, and yet not the same: a split file or a slide table, say.
    if (!isDeepStrictEqual(await run.split(), asRead(split))) changed.push('the split');
    else if (!isDeepStrictEqual(comparable(before), comparable(model))) changed.push('the cohort');
  }
  if (changed.length === 0) return;
  throw new InputError(
    `${folder}: cannot resume, since the run began there changed: ${changed.join('; ')}. Undo that, or start a new run with another --out.`,
  );
}

/** A model without its provenance, which models did not always hold and which follows from the feature files. */
function comparable(model: Model): unknown {
  return asRead({ ...model, provenance: undefined });
}

/** A value as it comes back from a JSON file. */
function asRead(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Keys of nested plain objects whose values differ, as `training.epochs`. */
function differentKeys(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b) ? [] : [path.join('.')];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differentKeys(a[key], b[key], [...path, key]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
