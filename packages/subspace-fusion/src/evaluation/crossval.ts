import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cohort, Config } from '../cohort/index.js';
import { taskName } from '../training/model.js';
import { readModel, readRunSplit, RUN_FILES, writeJson } from '../training/run-folder.js';
import { cohortSamples } from '../training/samples.js';
import { compareModels } from './comparison.js';
import type { Control, PlannedRun, RunOutcome } from './crossval-runs.js';
import type { EvaluatedPatient } from './evaluate.js';
import { truthOf, type FoldScores, type Scores } from './fold-scores.js';
import type { Fold } from './folds.js';
import type { NamedMetrics, Result } from './result.js';
import { simpleModels } from './simple-models.js';
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
  readonly split: 'test';
  readonly seeds: readonly number[];
  /** What the intervals are of. */
  readonly intervals: string;
  readonly within: readonly (Subgroup & (ComparedModels | { readonly reason: string }))[];
  readonly folds: readonly FoldResult[];
}

export const CROSSVAL_FILE = 'crossval.json';

/** The network's name among the models of a comparison. */
export const NETWORK = 'subspace';
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
  const scores = await Promise.all(folds.map((fold) => scoreFold(out, cohort, means, ofFold(fold), control)));

  const seed = config.training.seed;
  const complete = scores.filter((fold) => fold !== undefined);
  if (complete.length === 0) throw new Error(`${out}: no run could be finished. The first one says: ${failureOf(runs[0]!.outcome)}`);
  const task = taskName(config.task);
  const crossval: Crossval = {
    name: config.name,
    task,
    split: 'test',
    seeds,
    ...compare(complete, seed),
    intervals: '95 % percentile bootstrap by patient within folds, of the models as trained',
    within: subgroups.map(({ column, value, patients }) => {
      const restricted = withinSubgroup(complete, (id) => patients.has(id));
      return { column, value, ...('reason' in restricted ? restricted : compare(restricted, seed)) };
    }),
    folds: folds.map((fold, f) => ({
      fold: fold.fold,
      task,
      split: 'test',
      ...(scores[f] ? compare([scores[f]], seed) : { patients: 0, metrics: {}, baselines: {}, differences: {} }),
      runs: ofFold(fold).map(({ run: { seed, control, folder }, outcome }) => ({ seed, ...(control ? { control } : {}), folder, ...outcome })),
    })),
  };
  await writeJson(join(out, CROSSVAL_FILE), crossval);
  return crossval;
}

const failureOf = (outcome: RunOutcome) => ('failure' in outcome ? outcome.failure : '');

/** The fold's test patients, with what the network's runs, the control's and the simple models say of them. */
async function scoreFold(
  out: string,
  cohort: Cohort,
  means: ReadonlyMap<string, Float32Array>,
  runs: readonly { readonly run: PlannedRun; readonly outcome: RunOutcome }[],
  control: Control | undefined,
): Promise<FoldScores | undefined> {
  const first = runs.find(({ outcome }) => 'result' in outcome);
  if (first === undefined) return undefined;
  const folder = join(out, first.run.folder);
  const model = await readModel(folder);
  const split = await readRunSplit(folder);
  const samples = cohortSamples(cohort, model);
  const ofRuns = async (kind: Control | undefined): Promise<Scores> => {
    const own = runs.filter(({ run }) => run.control === kind);
    const finished = own.filter(({ outcome }) => 'result' in outcome);
    if (finished.length === 0) return { reason: own[0] ? `no run was finished: ${failureOf(own[0].outcome)}` : 'it was not trained' };
    return { runs: await Promise.all(finished.map(({ run }) => readScores(join(out, run.folder), split.test))) };
  };
  return {
    fold: first.run.fold,
    patients: split.test,
    truth: truthOf(samples.labels(split.test), model.outcome.kind === 'classes' ? model.outcome.classes : []),
    models: {
      [NETWORK]: await ofRuns(undefined),
      ...simpleModels(samples, split, first.run.seed, means),
      ...(control ? { [CONTROL_NAMES[control]]: await ofRuns(control) } : {}),
    },
  };
}

/** A run's predictions of these patients: risks, or class probabilities. */
async function readScores(folder: string, patients: readonly string[]): Promise<number[]> {
  const predictions = JSON.parse(await readFile(join(folder, RUN_FILES.predictions), 'utf8')) as EvaluatedPatient[];
  const byPatient = new Map(predictions.map((p) => [p.patient, p]));
  return patients.flatMap((id) => {
    const { outputs, risk } = byPatient.get(id)!;
    return risk === undefined ? outputs : [risk];
  });
}

function compare(folds: readonly FoldScores[], seed: number): ComparedModels {
  const others = Object.keys(folds[0]!.models).filter((name) => name !== NETWORK);
  const { models, differences } = compareModels(folds, others.map((other) => [NETWORK, other]), seed);
  const { [NETWORK]: metrics, ...baselines } = models;
  return { patients: folds.reduce((n, fold) => n + fold.patients.length, 0), metrics: metrics!, baselines, differences };
}
