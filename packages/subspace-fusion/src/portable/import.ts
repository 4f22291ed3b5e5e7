import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hashInputs, sha256File } from '../cohort/cohort-files.js';
import { loadCohort } from '../cohort/load.js';
import { makeSplit, strataOf } from '../cohort/split/split.js';
import { loadConfig, type Overrides } from '../config/config.js';
import { InputError, type Problem } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { METHOD } from '../model/choice.js';
import { networkParameters } from '../model/network.js';
import { fromPublished } from '../model/published-names.js';
import { learnModel, withoutUnknownClasses } from '../runs/learn-model.js';
import { taskName, type ImportRecord, type Model, type Outcome } from '../runs/model.js';
import { slideFingerprint } from '../runs/fingerprints.js';
import { exists, RUN_FILES, writeCheckpoint, writeJson } from '../runs/run-folder.js';
import type { GeneScaling } from '../runs/scaling.js';
import { VERSION } from '../version.js';
import { checkpointSize, readStateDict, requireSize } from './state-dict.js';

/**
 * How expression reaches an imported network. `none`: as it stands in the matrix, which is what the published code does. `training`: transformed
 * and scaled on the training patients of the cohort, for a checkpoint that was trained on such values.
 */
export type ImportScaling = ImportRecord['scaling'];

export interface ImportOptions {
  /** A file of torch.save: a state dict of the published network, or a training checkpoint that holds one. */
  readonly checkpoint: string;
  /** The `cohort.yaml` that gives what a state dict lacks: gene order, classes or cuts, scaling, and patients to evaluate on. */
  readonly config: string;
  readonly overrides?: Overrides;
  /** The run folder to write. */
  readonly out: string;
  /** Default: `none`. */
  readonly scaling?: ImportScaling;
  /** Lists of genes in the checkpoint's order, one a line; default: the cohort's gene sets. */
  readonly genes?: { readonly tumour: string; readonly microenvironment: string } | undefined;
  /** Survival: the cuts between the checkpoint's bins, in the config's time unit; default: quartiles of the training patients. */
  readonly cuts?: readonly number[] | undefined;
  /** Classes: the weights that it was trained with, which are taken out of its probabilities; default: 1 each, its softmax as it is. */
  readonly classWeights?: readonly number[] | undefined;
  readonly onWarning?: (problem: Problem) => void;
}

export type ImportedModel = Model & { readonly imported: ImportRecord };

/**
 * Writes a run folder around a checkpoint of the published network, for `predict`, `evaluate` and `export`.
 * @throws InputError where the folder holds a run, the checkpoint is of another network, or its shapes are not those of the cohort and task.
 */
export function importCheckpoint(options: ImportOptions): Promise<ImportedModel> {
  return holdingFolder(options.out, () => importHeld(options));
}

async function importHeld(options: ImportOptions): Promise<ImportedModel> {
  const { checkpoint, out, scaling = 'none', onWarning } = options;
  if (await exists(join(out, RUN_FILES.model)))
    throw new InputError(`${out}: holds a run already. Choose another --out.`);
  const { tensors, counters } = await readStateDict(checkpoint);
  const size = checkpointSize(tensors, checkpoint);

  const config = await loadConfig(options.config, { ...options.overrides, ...impliedKeys(options) });
  const { cohort, problems } = await loadCohort(config);
  const warnings: Problem[] = [...problems];
  const divided = await makeSplit(cohort.patients, strataOf(cohort.patients, config), config.split, warnings);
  const learned = learnModel(
    cohort,
    divided,
    config,
    { ...(await hashInputs(config)), features: await slideFingerprint(cohort.patients) },
    VERSION,
    warnings,
  );
  requirePublishedNetwork(learned, options.config);
  requireSize(size, learned.size, `the task ${taskName(learned.task)}`, checkpoint);
  const { parameters, ignored, unknown } = fromPublished(tensors, networkParameters(size), checkpoint);

  const imported: ImportRecord = {
    checkpoint: basename(checkpoint),
    sha256: await sha256File(checkpoint),
    scaling,
    decidedHere: decisions(options, learned),
    ignored,
    unknown: [...unknown, ...counters],
  };
  const model: ImportedModel = {
    ...learned,
    outcome: outcomeOf(learned.outcome, options),
    scaling:
      scaling === 'training'
        ? learned.scaling
        : { tumour: unscaled(learned.scaling.tumour), microenvironment: unscaled(learned.scaling.microenvironment) },
    imported,
  };
  warnings.forEach((p) => onWarning?.(p));
  const { split } = withoutUnknownClasses(divided, cohort, model);
  await writeJson(join(out, RUN_FILES.config), config);
  await writeJson(join(out, RUN_FILES.split), { format: 1, ...split });
  await writeCheckpoint(out, model, parameters, 0);
  await writeJson(join(out, RUN_FILES.model), model); // last: from here on the folder holds a run
  return model;
}

/** Keys of the config that follow from the options. */
function impliedKeys({ scaling = 'none', genes }: ImportOptions): Record<string, string> {
  return {
    ...(scaling === 'none' ? { 'expression.transform': 'none' } : {}),
    ...(genes ? { 'geneSets.file': genes.tumour, 'geneSets.microenvironmentFile': genes.microenvironment } : {}),
  };
}

function requirePublishedNetwork({ network, covariates }: Model, config: string): void {
  if (isDeepStrictEqual(network, METHOD) && covariates === undefined) return;
  throw new InputError(
    `${config}: asks for another network than the published one, which the checkpoint is of. Leave out what it says of model, covariates and modality dropout.`,
  );
}

/** A scaling that leaves the matrix's values as they are. */
function unscaled({ genes }: GeneScaling): GeneScaling {
  return { transform: 'none', genes, mean: genes.map(() => 0), deviation: genes.map(() => 1), clip: null };
}

/** What the outputs mean, as far as the options say it. */
function outcomeOf(learned: Outcome, { cuts, classWeights }: ImportOptions): Outcome {
  if (learned.kind === 'classes') {
    if (cuts) throw new InputError('--cuts: the task has classes, not bins of survival time. Leave it out.');
    const weights = classWeights ?? learned.classes.map(() => 1);
    if (weights.length !== learned.classes.length || !weights.every((w) => w > 0)) {
      throw new InputError(
        `--class-weights: ${learned.classes.length} weights above 0 are needed, one for each of ${learned.classes.join(', ')}.`,
      );
    }
    return { ...learned, weights };
  }
  if (classWeights) throw new InputError('--class-weights: survival has no classes. Leave it out.');
  if (!cuts) return learned;
  if (cuts.length !== learned.cuts.length || !cuts.every((cut, j) => cut > (cuts[j - 1] ?? 0))) {
    throw new InputError(`--cuts: ${learned.cuts.length} ascending times above 0 are needed, in ${learned.timeUnit}.`);
  }
  return { ...learned, cuts };
}

/** In words, what a state dict does not say and was decided here. */
function decisions(
  { scaling = 'none', genes, cuts, classWeights, config }: ImportOptions,
  { outcome }: Model,
): string[] {
  const file = basename(config);
  return [
    genes
      ? 'Gene order: the lists that were given.'
      : `Gene order: the gene sets of ${file}, which may not be the order that the checkpoint was trained with.`,
    scaling === 'none'
      ? 'Expression: as it stands in the matrix, neither transformed nor scaled, as in the published code.'
      : `Expression: transformed and scaled on the training patients of ${file}, not by those that the checkpoint was trained on.`,
    outcome.kind === 'classes'
      ? `Classes: ${outcome.classes.join(', ')}, in this order; weights that it was trained with: ${classWeights ? 'given' : 'not known, probabilities are its softmax'}.`
      : `Cuts of survival time: ${cuts ? 'given' : `quartiles of the training patients of ${file}, not those of the checkpoint`}.`,
    `Split: that of ${file}; the checkpoint may have been trained on patients of any part.`,
  ];
}
