import { join } from 'node:path';
import type { Cohort, Config } from '../cohort/index.js';
import { taskName } from '../training/model.js';
import { writeJson } from '../training/run-folder.js';
import { compareModels } from './comparison.js';
import type { Control, PlannedRun, RunOutcome } from './crossval-runs.js';
import { failureOf, scoreFold } from './fold-runs.js';
import type { FoldScores } from './fold-scores.js';
import type { Fold } from './folds.js';
import type { NamedMetrics, Result } from './result.js';
import { slideMeans } from './slide-means.js';
import { withinSubgroup, type Subgroup } from './subgroups.js';

/** The network beside simpler models, on the test patients of every fold or of one. */
export interface ComparedModels {
  readonly patients: number;
  /** The network's, the mean over folds and seeds. */
  readonly metrics: NamedMetrics;
  readonly baselines: Readonly<Record<string, NamedMetrics>>;
  /** Paired differences of the network to others: `subspace - ridgeCox`. */
  readonly differences: NamedMetrics;
}

/** One fold: the form of a `result.json`, the metrics being means over the seeds. */
export interface FoldResult extends ComparedModels {
  readonly fold: number;
  readonly task: string;
  readonly split: 'test';
  /** Each training, with its run folder and what its own `result.json` says. */
  readonly runs: readonly { readonly seed: number; readonly control?: Control; readonly folder: string; readonly result?: Result; readonly failure?: string }[];
}

/** `crossval.json`. */
export interface Crossval extends ComparedModels {
  readonly name: string;
  readonly task: string;
  /** The network, as `model.name` says it: its name in `differences`. */
  readonly model: string;
  readonly split: 'test';
  readonly seeds: readonly number[];
  /** What the intervals are of. */
  readonly intervals: string;
  readonly within: readonly (Subgroup & (ComparedModels | { readonly reason: string }))[];
  readonly folds: readonly FoldResult[];
}

export const CROSSVAL_FILE = 'crossval.json';

const CONTROL_NAMES: Readonly<Record<Control, string>> = { 'permuted-bags': 'permutedBags' };

/** What a cross-validation is made of. */
export interface CrossvalParts {
  readonly config: Config;
  /** Holds the run folders. */
  readonly out: string;
  readonly cohort: Cohort;
  readonly folds: readonly Fold[];
  readonly seeds: readonly number[];
  readonly runs: readonly { readonly run: PlannedRun; readonly outcome: RunOutcome }[];
  readonly control?: Control;
  readonly subgroups: readonly (Subgroup & { readonly patients: ReadonlySet<string> })[];
}

/**
 * Scores the finished runs of a configuration by patient and compares them with simpler models that are fitted on the same patients
 * of every fold. Writes `crossval.json` beside the run folders.
 * @throws Error where no run was finished
 */
export async function gatherCrossval({ config, out, cohort, folds, seeds, runs, control, subgroups }: CrossvalParts): Promise<Crossval> {
  const ofFold = ({ fold }: Fold) => runs.filter(({ run }) => run.fold === fold);
  const means = await slideMeans(cohort.patients, config.model.bag);
  const { name: model } = config.model;
  const ended = (fold: Fold, kind: Control | undefined) =>
    ofFold(fold).flatMap(({ run, outcome }) => (run.control === kind ? [{ folder: join(out, run.folder), outcome }] : []));
  const modelsOf = (fold: Fold) => ({ [model]: ended(fold, undefined), ...(control ? { [CONTROL_NAMES[control]]: ended(fold, control) } : {}) });
  const scores = await Promise.all(folds.map((fold) => scoreFold(fold.fold, cohort, means, modelsOf(fold))));

  const seed = config.training.seed;
  const complete = scores.filter((fold) => fold !== undefined);
  if (complete.length === 0) throw new Error(`${out}: no run could be finished. The first one says: ${failureOf(runs[0]!.outcome)}`);
  const task = taskName(config.task);
  const crossval: Crossval = {
    name: config.name,
    task,
    model,
    split: 'test',
    seeds,
    ...compare(complete, model, seed),
    intervals: '95 % percentile bootstrap by patient within folds, of the models as trained',
    within: subgroups.map(({ column, value, patients }) => {
      const restricted = withinSubgroup(complete, (id) => patients.has(id));
      return { column, value, ...('reason' in restricted ? restricted : compare(restricted, model, seed)) };
    }),
    folds: folds.map((fold, f) => ({
      fold: fold.fold,
      task,
      split: 'test',
      ...(scores[f] ? compare([scores[f]], model, seed) : { patients: 0, metrics: {}, baselines: {}, differences: {} }),
      runs: ofFold(fold).map(({ run: { seed, control, folder }, outcome }) => ({ seed, ...(control ? { control } : {}), folder, ...outcome })),
    })),
  };
  await writeJson(join(out, CROSSVAL_FILE), crossval);
  return crossval;
}

function compare(folds: readonly FoldScores[], model: string, seed: number): ComparedModels {
  const others = Object.keys(folds[0]!.models).filter((name) => name !== model);
  const { models, differences } = compareModels(folds, others.map((other) => [model, other]), seed);
  const { [model]: metrics, ...baselines } = models;
  return { patients: folds.reduce((n, fold) => n + fold.patients.length, 0), metrics: metrics!, baselines, differences };
}
