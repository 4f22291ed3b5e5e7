import type { NamedMetrics } from '../runs/values.js';
import { foldName, modelName, subgroupName } from '../words/comparison.js';
import type { ComparedModels, Control, Difference, FoldResult, NamedMetric, TaskComparison } from './file.js';
import { HEADLINE } from './fold-metrics.js';
import { differenceName } from './means.js';

/** A finished run that numbers come from. */
export interface TableRun {
  /** Name of its model in tables. */
  readonly model: string;
  readonly fold: number;
  readonly repeat?: number | undefined;
  readonly seed: number;
  /** Relative to the folder that the tables are written to. */
  readonly folder: string;
}

/** Models on some patients. */
export interface Scope {
  readonly kind: 'all' | 'subgroup' | 'fold' | 'shuffled outcomes';
  /** Which subgroup or fold: `study = TCGA-LGG`, `fold 0`. */
  readonly part: string;
  readonly patients: number;
  /** The first model first. */
  readonly models: Readonly<Record<string, NamedMetrics>>;
  readonly differences: Readonly<Record<string, Difference>>;
  /** Why there are no numbers. */
  readonly reason?: string;
  readonly runs: readonly TableRun[];
}

/** All patients: what a comparison says first. */
export function everyone(task: TaskComparison): Scope {
  return { kind: 'all', part: '', ...modelsOf(task, task), runs: runsOfFolds(task.folds) };
}

export function foldScopes(task: TaskComparison): Scope[] {
  return task.folds.map((fold) => ({
    kind: 'fold',
    part: foldName(fold),
    ...modelsOf(task, fold),
    runs: runsOfFolds([fold]),
  }));
}

export function subgroupScopes(task: TaskComparison): Scope[] {
  return task.within.map((group) => ({
    kind: 'subgroup',
    part: subgroupName(group),
    ...('reason' in group ? { ...NOBODY, reason: group.reason } : modelsOf(task, group)),
    runs: runsOfFolds(task.folds),
  }));
}

/** The control, where there is one. */
export function shuffledScopes(task: TaskComparison): Scope[] {
  const { shuffledOutcomes, folds } = task;
  if (!shuffledOutcomes) return [];
  const runs = runsOfFolds(folds, 'shuffled-outcomes');
  return [{ kind: 'shuffled outcomes', part: '', ...modelsOf(task, shuffledOutcomes), runs }];
}

/** That of all patients first. */
export const scopesOf = (task: TaskComparison): Scope[] => [
  everyone(task),
  ...subgroupScopes(task),
  ...foldScopes(task),
  ...shuffledScopes(task),
];

const NOBODY = { patients: 0, models: {}, differences: {} };

function modelsOf(
  { model }: TaskComparison,
  {
    patients,
    metrics,
    baselines,
    differences,
  }: Pick<ComparedModels, 'patients' | 'metrics' | 'baselines' | 'differences'>,
): Pick<Scope, 'patients' | 'models' | 'differences'> {
  return { patients, models: { [model]: metrics, ...baselines }, differences };
}

/** Finished runs; those with shuffled outcomes are numbers of their own. */
function runsOfFolds(folds: readonly FoldResult[], control?: Extract<Control, 'shuffled-outcomes'>): TableRun[] {
  return folds.flatMap(({ fold, repeat, runs, patients }) =>
    runs.flatMap(({ model, seed, folder, control: own, result }) => {
      const belongs = (own === 'shuffled-outcomes') === (control !== undefined);
      // A fold that lacks a finished run is in no number.
      return result !== undefined && belongs && (patients > 0 || control !== undefined)
        ? [{ model, fold, repeat, seed, folder }]
        : [];
    }),
  );
}

/** What a model says in a metric, where it does. */
export const metricOf = ({ models }: Pick<Scope, 'models'>, model: string, metric: string): NamedMetric | undefined =>
  model in models && metric in models[model] ? models[model][metric] : undefined;

/** The paired difference of the first model to another; undefined for itself. */
export function differenceTo<D>(differences: Readonly<Record<string, D>>, first: string, other: string): D | undefined {
  const name = differenceName(first, other);
  return name in differences ? differences[name] : undefined;
}

/** The names of a comparison's models in words: that of the clinical model says what it is made of here. */
export function namesOf({ adds }: Pick<TaskComparison, 'adds'>): (model: string) => string {
  return (model) => modelName(model, adds.variables);
}

/** The metric that speaks for the task. */
export function headlineOf({ metrics }: Pick<TaskComparison, 'metrics'>): string {
  return HEADLINE.survival in metrics ? HEADLINE.survival : HEADLINE.classes;
}

/**
 * The runs that a model's numbers come from. Those of a simple model are the first model's: it is fitted on the training
 * patients of their splits and scored on their test patients.
 */
export function runsOf({ runs }: Pick<Scope, 'runs'>, model: string, first: string): readonly TableRun[] {
  const own = runs.filter((run) => run.model === model);
  return own.length > 0 ? own : runs.filter((run) => run.model === first);
}
