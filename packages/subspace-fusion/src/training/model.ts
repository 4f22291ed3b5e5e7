import {
  classWeights, fitGeneScaling, labelPatients, survivalCuts, taskClasses,
  type Cohort, type Config, type GeneScaling, type LabelRule, type ProvenanceSummary, type Split, type Task, type TimeUnit,
} from '../cohort/index.js';
import { SURVIVAL_BINS } from '../cohort/index.js';
import type { NetworkSize } from '../model/parameters.js';

/** What the network's outputs mean. Learned from the training patients alone. */
export type Outcome =
  | { readonly kind: 'classes'; readonly classes: readonly string[]; readonly weights: readonly number[] }
  | {
      readonly kind: 'survival';
      /** Cuts between the bins, in `timeUnit`. */
      readonly cuts: readonly number[];
      readonly timeUnit: TimeUnit;
    };

/** Everything but the parameters that a prediction needs; plain JSON, stored beside the checkpoint. */
export interface Model {
  readonly format: 1;
  readonly task: Task;
  readonly labels: LabelRule;
  readonly outcome: Outcome;
  /** Tokens of a bag. */
  readonly tokens: number;
  readonly size: NetworkSize;
  /** Gene order and scaling of each subspace. */
  readonly scaling: { readonly tumour: GeneScaling; readonly microenvironment: GeneScaling };
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
 * Learns from the training patients what the network will be told: gene scaling, classes and their weights, or survival cuts.
 * @throws UserError where the training patients do not allow it (one class, too few deaths).
 */
export function learnModel(cohort: Cohort, split: Split, config: Config, inputs: Readonly<Record<string, string>>, version: string): Model {
  const scale = (genes: readonly string[]) => fitGeneScaling(cohort.expression, split.train, genes, cohort.transform);
  const outcome = learnOutcome(cohort, split, config);
  return {
    format: 1,
    task: config.task,
    labels: config.labels,
    outcome,
    tokens: config.model.bag,
    size: {
      patchWidth: cohort.width,
      genes: { tumour: cohort.genes.tumour.length, microenvironment: cohort.genes.microenvironment.length },
      classes: outcome.kind === 'survival' ? SURVIVAL_BINS : outcome.classes.length,
    },
    scaling: { tumour: scale(cohort.genes.tumour), microenvironment: scale(cohort.genes.microenvironment) },
    encoder: cohort.encoder,
    provenance: cohort.provenance,
    inputs,
    version,
  };
}

function learnOutcome(cohort: Cohort, split: Split, { task, labels: rule }: Config): Outcome {
  const training = new Set(split.train);
  const patients = cohort.patients.filter(({ id }) => training.has(id));
  if (task === 'survival') {
    const cuts = survivalCuts(patients.flatMap(({ survival }) => (survival ? [survival] : [])));
    return { kind: 'survival', cuts, timeUnit: cohort.timeUnit };
  }
  const { byPatient } = labelPatients(patients, task, rule);
  const classes = taskClasses(task, byPatient.values());
  const weights = classWeights(patients.map(({ id }) => classes.indexOf(byPatient.get(id)!)), classes.length);
  return { kind: 'classes', classes, weights: Array.from(weights) };
}

/**
 * The split without validation and test patients of a class that no training patient has: the model cannot know it.
 * Those left out are named.
 */
export function withoutUnknownClasses(split: Split, cohort: Cohort, { task, labels: rule, outcome }: Model): { split: Split; leftOut: string[] } {
  if (task === 'survival' || outcome.kind !== 'classes') return { split, leftOut: [] };
  const { byPatient } = labelPatients(cohort.patients, task, rule);
  const known = (id: string) => outcome.classes.includes(byPatient.get(id)!);
  const leftOut = [...split.validation, ...split.test].filter((id) => !known(id));
  return { split: { train: split.train, validation: split.validation.filter(known), test: split.test.filter(known) }, leftOut };
}
