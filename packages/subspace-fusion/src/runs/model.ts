import { chooseGenes, labelPatients, taskClasses, type Cohort, type LabelRule, type Layout, type ProvenanceSummary, type Split, type Task, type TimeUnit } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import type { Problem } from '../files/errors.js';
import type { NetworkChoice } from '../model/choice.js';
import type { NetworkSize } from '../model/parameters.js';
import { labelDefiningCovariates, learnCovariates, type CovariateEncoding } from './covariates.js';
import { calibratedBins, classWeights, survivalCuts } from './cuts.js';
import { fitSubspaceScaling, type GeneScaling } from './scaling.js';

/** What the network's outputs mean. Learned from the training patients alone. */
export type Outcome =
  | { readonly kind: 'classes'; readonly classes: readonly string[]; readonly weights: readonly number[] }
  | {
      readonly kind: 'survival';
      /** Cuts between the bins, in `timeUnit`. */
      readonly cuts: readonly number[];
      readonly timeUnit: TimeUnit;
      /** Of the calibrated head: where the last bin ends, and censored patients are credited with the part of their bin that they were seen in. */
      readonly end?: number;
    };

/** Everything but the parameters that a prediction needs; plain JSON, stored beside the checkpoint. */
export interface Model {
  readonly format: 1;
  readonly task: Task;
  readonly labels: LabelRule;
  readonly network: NetworkChoice;
  readonly outcome: Outcome;
  /** Tokens of a bag. */
  readonly tokens: number;
  /** How tokens stand on the grid; in the order of the list where it is absent. */
  readonly layout?: Layout;
  readonly size: NetworkSize;
  /** Gene order and scaling of each subspace. */
  readonly scaling: { readonly tumour: GeneScaling; readonly microenvironment: GeneScaling };
  /** How clinical covariates become inputs of the head; absent where there are none. */
  readonly covariates?: CovariateEncoding;
  /** Those that are part of the label's definition. */
  readonly definingCovariates?: readonly string[];
  readonly encoder: string | undefined;
  /** How the patches were cut and encoded, as far as the files say; absent in models of before. */
  readonly provenance?: ProvenanceSummary;
  /** SHA-256 of the tables it was trained on. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The name of a task in results: `survival`, `diagnosis`, or the column. */
export function taskName(task: Task): string {
  return typeof task === 'string' ? task : task.column;
}

/**
 * Learns from the training patients what the network will be told: the genes that are left and their scaling, classes and their weights, or survival cuts.
 * @param problems What is to be warned of goes here.
 * @throws InputError where the training patients do not allow it (one class, too few deaths, a gene set left empty).
 */
export function learnModel(
  cohort: Cohort,
  split: Split,
  config: Config,
  inputs: Readonly<Record<string, string>>,
  version: string,
  problems: Problem[] = [],
): Model {
  const training = new Set(split.train);
  const covariates =
    config.covariates &&
    learnCovariates(
      cohort.patients.filter(({ id }) => training.has(id)),
      config.covariates,
      config.clinical.file,
    );
  const genes = chooseGenes(cohort, config, split.train, problems);
  const outcome = learnOutcome(cohort, split, config);
  return {
    format: 1,
    task: config.task,
    labels: config.labels,
    network: networkOf(config),
    outcome,
    tokens: config.model.bag,
    ...(config.features.layout === 'spatial' ? { layout: config.features.layout } : {}),
    size: {
      patchWidth: cohort.width,
      genes: { tumour: genes.tumour.length, microenvironment: genes.microenvironment.length },
      classes: outcome.kind === 'survival' ? outcome.cuts.length + 1 : outcome.classes.length,
      ...(covariates ? { covariates: covariates.columns.length } : {}),
    },
    scaling: fitSubspaceScaling(cohort, genes, split.train),
    ...(covariates
      ? {
          covariates,
          definingCovariates: labelDefiningCovariates(config.task, config.labels, covariates, config.clinical.columns),
        }
      : {}),
    encoder: cohort.encoder,
    provenance: cohort.provenance,
    inputs,
    version,
  };
}

/** The network that a config asks for. */
function networkOf({ model: { name, subspaces, attention, positionBias }, training }: Config): NetworkChoice {
  if (name !== 'subspace') return { name };
  return {
    name,
    parts: {
      subspaces,
      attention,
      positionBias: positionBias === 'continuous',
      standIns: training.modalityDropout > 0,
    },
  };
}

function learnOutcome(cohort: Cohort, split: Split, { task, labels: rule, model: { survivalHead } }: Config): Outcome {
  const training = new Set(split.train);
  const patients = cohort.patients.filter(({ id }) => training.has(id));
  if (task === 'survival') {
    const training = patients.flatMap(({ survival }) => (survival ? [survival] : []));
    const { timeUnit } = cohort;
    return {
      kind: 'survival',
      timeUnit,
      ...(survivalHead === 'calibrated' ? calibratedBins(training, timeUnit) : { cuts: survivalCuts(training) }),
    };
  }
  const { byPatient } = labelPatients(patients, task, rule);
  const classes = taskClasses(task, byPatient.values());
  const weights = classWeights(
    patients.map(({ id }) => classes.indexOf(byPatient.get(id)!)),
    classes.length,
  );
  return { kind: 'classes', classes, weights: Array.from(weights) };
}

/**
 * The split without validation, test and conformal patients of a class that no training patient has: the model cannot know it.
 * Those left out are named.
 */
export function withoutUnknownClasses(
  split: Split,
  cohort: Cohort,
  { task, labels: rule, outcome }: Model,
): { split: Split; leftOut: string[] } {
  if (task === 'survival' || outcome.kind !== 'classes') return { split, leftOut: [] };
  const { byPatient } = labelPatients(cohort.patients, task, rule);
  const known = (id: string) => outcome.classes.includes(byPatient.get(id)!);
  const { train, validation, test, conformal } = split;
  const leftOut = [...validation, ...test, ...(conformal ?? [])].filter((id) => !known(id));
  const aside = conformal ? { conformal: conformal.filter(known) } : {};
  return { split: { train, validation: validation.filter(known), test: test.filter(known), ...aside }, leftOut };
}
