/** What the study on real histology trains, in its order: studies/real-histology.md. */
import type { TaskRecord } from './record.js';

export const REPEATS = 10;
/** The training seed of a repeat. */
export const seedOf = (repeat: number): number => 101 + repeat;

export type Task = 'grade-lgg' | 'who2021-grade' | 'survival-lgg' | 'survival' | 'who2021-diagnosis';
export const TASKS: readonly Task[] = ['grade-lgg', 'who2021-grade', 'survival-lgg', 'survival', 'who2021-diagnosis'];

/** The model whose folds the simple models are fitted on; they are recorded with it. */
export const METHOD = 'method';

/** What changes in the config, by model. `MAP8` is the folder of the stride-8 tokens, `SEED` that of the training. */
export const MODELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [METHOD]: {},
  'permuted-bags': { 'features.permuteBags': 'SEED' },
  'mean-snn': { 'model.name': 'mean-snn' },
  snn: { 'model.name': 'snn' },
  joint: { 'model.subspaces': 'joint' },
  'method-1024': { 'features.folder': 'MAP8', 'model.bag': '1024' },
  'plain-1024': { 'features.folder': 'MAP8', 'model.bag': '1024', 'model.attention': 'plain' },
  'no-position-bias': { 'model.positionBias': 'none' },
  'no-consistency': { 'training.consistency': 'none' },
  'no-coordination': { 'training.coordination': 'none' },
  published: { 'training.consistency': 'reference', 'training.coordination': 'reference' },
  plain: { 'model.attention': 'plain' },
  'random-gene-sets': { 'geneSets.random': 'SEED' },
  abmil: { 'model.name': 'abmil' },
  mcat: { 'model.name': 'mcat' },
  cmta: { 'model.name': 'cmta' },
  pathomic: { 'model.name': 'pathomic' },
};

const FIRST_PASS = [METHOD, 'permuted-bags', 'mean-snn', 'snn', 'joint'];
export const WIDE = ['method-1024', 'plain-1024'];
const SECOND_PASS = Object.keys(MODELS).filter((model) => ![...FIRST_PASS, ...WIDE].includes(model));

/** A model on the five folds of one dealing. */
export interface PlannedCell {
  readonly task: Task;
  readonly folds: TaskRecord['folds'];
  readonly repeat: number;
  readonly model: string;
}

const repeated = (task: Task, models: readonly string[]): PlannedCell[] =>
  Array.from({ length: REPEATS }, (_, repeat) =>
    models.map((model): PlannedCell => ({ task, folds: 'site', repeat, model })),
  ).flat();

/** All cells, the most important first. */
export const PLAN: readonly PlannedCell[] = [
  ...TASKS.flatMap((task) => repeated(task, FIRST_PASS)),
  ...repeated('grade-lgg', WIDE),
  ...TASKS.flatMap((task) => FIRST_PASS.map((model): PlannedCell => ({ task, folds: 'published', repeat: 0, model }))),
  ...TASKS.flatMap((task) => repeated(task, SECOND_PASS)),
];

/** The primary questions, on the main task with site-preserving folds: the first model minus the second. */
export const QUESTIONS: readonly { readonly question: string; readonly model: string; readonly against: string }[] = [
  { question: 'Does histology add to genes?', model: 'genesMeanSlide', against: 'ridgeLogistic' },
  { question: 'Do genes add to histology?', model: 'genesMeanSlide', against: 'meanSlide' },
  { question: 'Does the method beat ridge on genes and slides?', model: METHOD, against: 'genesMeanSlide' },
  { question: 'Does the method beat mean-snn?', model: METHOD, against: 'mean-snn' },
  { question: 'Do two subspaces beat one?', model: METHOD, against: 'joint' },
  { question: 'Does the deformable attention matter?', model: 'method-1024', against: 'plain-1024' },
];
