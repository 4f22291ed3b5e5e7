import { labelPatients, taskClasses } from '../cohort/clinical/labels.js';
import { calibratedBins, survivalCuts } from '../cohort/clinical/survival-bins.js';
import { chooseGenes } from '../cohort/genes/choose.js';
import type { Cohort, Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { required, type Problem } from '../files/errors.js';
import type { NetworkChoice } from '../model/choice.js';
import { labelDefiningCovariates, learnCovariates } from './covariates.js';
import { classWeights } from './class-weights.js';
import type { Model, Outcome } from './model.js';
import { fitSubspaceScaling } from './scaling.js';

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

function learnOutcome(cohort: Cohort, split: Split, config: Config): Outcome {
  const { task, labels: rule, model, clinical } = config;
  const training = new Set(split.train);
  const patients = cohort.patients.filter(({ id }) => training.has(id));
  if (task === 'survival') {
    const training = patients.flatMap(({ survival }) => (survival ? [survival] : []));
    const { timeUnit, endpoint } = cohort;
    const source = { file: clinical.file, time: endpoint?.time ?? clinical.time ?? 'time', timeUnit };
    return {
      kind: 'survival',
      timeUnit,
      ...(model.survivalHead === 'calibrated'
        ? calibratedBins(training, source)
        : { cuts: survivalCuts(training, source) }),
    };
  }
  const { byPatient } = labelPatients(patients, task, rule);
  const classes = taskClasses(task, byPatient.values());
  const weights = classWeights(
    patients.map(({ id }) => classes.indexOf(required(byPatient, id))),
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
  const known = (id: string) => {
    const label = byPatient.get(id);
    return label !== undefined && outcome.classes.includes(label);
  };
  const { train, validation, test, conformal } = split;
  const leftOut = [...validation, ...test, ...(conformal ?? [])].filter((id) => !known(id));
  const aside = conformal ? { conformal: conformal.filter(known) } : {};
  return { split: { train, validation: validation.filter(known), test: test.filter(known), ...aside }, leftOut };
}
