import type { NamedMetrics } from '../../evaluation/result.js';
import { HEADLINE } from '../comparison.js';
import { PERMUTED_BAGS, type ComparedModels, type Crossval } from '../crossval.js';
import type { SiteProbe } from '../site-probe.js';
import type { Comparison, Difference, ModelDetail } from '../types.js';

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
  readonly models: Readonly<Record<string, NamedMetrics>>;
  readonly differences: Readonly<Record<string, Difference>>;
  /** Why there are no numbers. */
  readonly reason?: string;
  readonly runs: readonly TableRun[];
}

/** All that tables say of one task: of a cross-validation, or of a task of a plan. */
export interface ComparedTask extends ModelDetail, Pick<Comparison, 'adds' | 'horizon' | 'repeated' | 'bootstrap'> {
  readonly task: string;
  /** The model that the others are compared with, and that subgroups and worst predicted patients are of. */
  readonly reference: string;
  readonly seeds: readonly number[];
  /** The scope of all patients first. */
  readonly scopes: readonly Scope[];
  readonly probe?: SiteProbe;
}

/** The metric that speaks for the task. */
export function headlineOf({ scopes, reference }: ComparedTask): string {
  return HEADLINE.survival in (scopes[0].models[reference] ?? {}) ? HEADLINE.survival : HEADLINE.classes;
}

/**
 * The runs that a model's numbers come from. Those of a simple model are the reference model's: it is fitted on the training
 * patients of their splits and scored on their test patients.
 */
export function runsOf({ runs }: Scope, model: string, reference: string): readonly TableRun[] {
  const own = runs.filter((run) => run.model === model);
  return own.length > 0 ? own : runs.filter((run) => run.model === reference);
}

/** `fold 0`, or `repeat 1, fold 0` where patients were dealt to folds several times. */
export function foldName({ fold, repeat }: { readonly fold: number; readonly repeat?: number | undefined }): string {
  return repeat === undefined ? `fold ${fold}` : `repeat ${repeat}, fold ${fold}`;
}

/** A cross-validation as its tables show it. */
export function crossvalTask(crossval: Crossval): ComparedTask {
  const { model, folds, within, shuffledOutcomes } = crossval;
  const runsOfFold = (f: number, shuffled: boolean): TableRun[] => {
    const { fold, repeat, runs } = folds[f];
    return runs.flatMap(({ seed, folder, control, result }) => {
      if (result === undefined || (control === 'shuffled-outcomes') !== shuffled) return [];
      return [{ model: control === 'permuted-bags' ? PERMUTED_BAGS : model, fold, repeat, seed, folder }];
    });
  };
  const runs = folds.flatMap((_, f) => runsOfFold(f, false));
  const modelsOf = ({
    patients,
    metrics,
    baselines,
    differences,
  }: Pick<ComparedModels, 'patients' | 'metrics' | 'baselines' | 'differences'>) => ({
    patients,
    models: { [model]: metrics, ...baselines },
    differences,
  });
  return {
    ...crossval,
    reference: model,
    scopes: [
      { kind: 'all', part: '', ...modelsOf(crossval), runs },
      ...within.map((group): Scope => {
        const part = `${group.column} = ${group.value}`;
        return {
          kind: 'subgroup',
          part,
          ...('reason' in group ? { patients: 0, models: {}, differences: {}, reason: group.reason } : modelsOf(group)),
          runs,
        };
      }),
      ...folds.map((fold, f): Scope => ({
        kind: 'fold',
        part: foldName(fold),
        ...modelsOf(fold),
        runs: runsOfFold(f, false),
      })),
      ...(shuffledOutcomes
        ? [
            {
              kind: 'shuffled outcomes' as const,
              part: '',
              ...modelsOf(shuffledOutcomes),
              runs: folds.flatMap((_, f) => runsOfFold(f, true)),
            },
          ]
        : []),
    ],
  };
}
