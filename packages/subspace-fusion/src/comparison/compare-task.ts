import type { SiteRule } from '../cohort/clinical/sites.js';
import { withShuffledOutcomes } from '../cohort/controls.js';
import type { Cohort } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { CHOSEN_ON_THESE } from '../evaluation/score.js';
import { counted, someOf } from '../files/errors.js';
import { taskName } from '../runs/model.js';
import { ONE_DEALING } from '../words/comparison.js';
import { compareModels } from './comparison.js';
import type { ComparedModels, Control, FoldResult, TaskComparison } from './file.js';
import { scoreFold, type EndedRun } from './fold-runs.js';
import { countPatients, type FoldScores } from './fold-scores.js';
import { describeModel } from './model-detail.js';
import { untrainedPredictions, type PredictionRow } from './predictions.js';
import { probeRuns } from './site-probe.js';
import { summariseSlides, type SlideSummary } from './slides.js';
import { withinSubgroup, type Subgroup } from './subgroups.js';
import { testedPairs } from './verdicts.js';

/** A training of a fold with a seed that is over, or not begun. */
export interface ComparedRun extends EndedRun {
  /** Name of its model in tables: `subspace`, `subspace/no-consistency`, `subspace/permuted-bags`. */
  readonly model: string;
  readonly fold: number;
  readonly repeat?: number;
  readonly seed: number;
  readonly control?: Control;
  /** Run folder, below that of the comparison. */
  readonly folder: string;
}

export interface ComparedTaskOptions {
  /** Says what the task is, what a site is, and the seed of the draws. */
  readonly config: Config;
  readonly cohort: Cohort;
  /** Of all models, the first model's first. */
  readonly runs: readonly ComparedRun[];
  readonly within?: readonly Subgroup[];
  readonly probe?: SiteRule | undefined;
  /** Called after the slides of each patient were read. */
  readonly onPatient?: ((done: number, of: number) => void) | undefined;
}

export interface ComparedTask {
  readonly comparison: TaskComparison;
  /** What the models that nobody trains here said of the test patients (`untrainedPredictions`). */
  readonly predictions: readonly PredictionRow[];
}

/**
 * Compares the finished runs of a task by patient, with each other and with simpler models that are fitted on the same patients of every
 * fold: metrics as means over folds and seeds, and paired differences of the first model to each other one. Runs with shuffled outcomes
 * are compared among themselves, since there all models, simple ones too, see other outcomes. Folds of which some model has no finished
 * run are left out; a control that lacks one has a reason instead of numbers.
 * @returns undefined where no fold is left
 */
export async function compareTask(options: ComparedTaskOptions): Promise<ComparedTask | undefined> {
  const { config, cohort, runs, within = [], probe, onPatient } = options;
  const slides = await summariseSlides(cohort.patients, config.model.bag, onPatient);
  const folds = distinctFolds(runs);
  const isShuffled = ({ control }: ComparedRun) => control === 'shuffled-outcomes';
  const own = runs.filter((run) => !isShuffled(run));
  const model = own.at(0)?.model;
  if (model === undefined) return undefined;
  const scores = await Promise.all(folds.map((fold) => scoreWhole(fold, own, cohort, slides)));
  const complete = scores.filter((fold) => fold !== undefined);
  if (complete.length === 0) return undefined;

  const { seed } = config.training;
  const shuffled = await scoreShuffled(folds, runs.filter(isShuffled), options, slides);
  const task = taskName(config.task);
  const seeds = [...new Set(own.flatMap((run) => (run.control === undefined ? [run.seed] : [])))];
  const detail = describeModel(complete, model, cohort.patients, seeds, config);
  const comparison: TaskComparison = {
    task,
    model,
    split: 'test',
    seeds,
    ...compareFirst(complete, model, seed),
    ...detail,
    notes: [...detail.notes, ...dealingNotes(folds), ...cautionsOf(runs)],
    within: within.map(({ column, value }) => {
      const members = new Set(cohort.patients.flatMap(({ id, clinical }) => (clinical[column] === value ? [id] : [])));
      const restricted = withinSubgroup(complete, (id) => members.has(id));
      return { column, value, ...('reason' in restricted ? restricted : compareFirst(restricted, model, seed)) };
    }),
    folds: folds.map((fold, f) => foldResult(fold, task, scores[f], model, seed, runs)),
    ...(shuffled.length > 0 ? { shuffledOutcomes: compareFirst(shuffled, model, seed) } : {}),
    ...(probe ? { probe: await probeRuns(cohort, slides, runsOfFirst(folds, own, model), probe, seed) } : {}),
  };
  const trained = new Set(own.map((run) => run.model));
  return { comparison, predictions: untrainedPredictions(task, complete, trained, comparison.horizon) };
}

const dealingNotes = (folds: readonly FoldOfRun[]) =>
  new Set(folds.map(({ repeat }) => repeat)).size > 1 ? [] : [ONE_DEALING];

type FoldOfRun = Pick<ComparedRun, 'fold' | 'repeat'>;

function distinctFolds(runs: readonly FoldOfRun[]): FoldOfRun[] {
  const folds = runs.map(({ fold, repeat }): FoldOfRun => (repeat === undefined ? { fold } : { fold, repeat }));
  return [...new Map(folds.map((fold) => [`${fold.repeat ?? ''}/${fold.fold}`, fold])).values()];
}

const isOf =
  ({ fold, repeat }: FoldOfRun) =>
  (run: FoldOfRun) =>
    run.fold === fold && run.repeat === repeat;

function runsOfFirst(folds: readonly FoldOfRun[], runs: readonly ComparedRun[], model: string) {
  return folds.map((fold) => ({ ...fold, runs: runs.filter(isOf(fold)).filter((run) => run.model === model) }));
}

/** A fold by model; undefined where one that is no control has no finished run. */
async function scoreWhole(
  fold: FoldOfRun,
  runs: readonly ComparedRun[],
  cohort: Cohort,
  slides: ReadonlyMap<string, SlideSummary>,
): Promise<FoldScores | undefined> {
  const names = [...new Set(runs.map(({ model }) => model))];
  const models = names.map((name) => [name, runs.filter((run) => run.model === name && isOf(fold)(run))] as const);
  const isControl = (name: string) => runs.some(({ model, control }) => model === name && control === 'permuted-bags');
  const isWhole = models.every(([name, own]) => isControl(name) || own.some(({ outcome }) => 'result' in outcome));
  return isWhole ? scoreFold(fold, cohort, slides, Object.fromEntries(models)) : undefined;
}

async function scoreShuffled(
  folds: readonly FoldOfRun[],
  runs: readonly ComparedRun[],
  { cohort, config }: ComparedTaskOptions,
  slides: ReadonlyMap<string, SlideSummary>,
): Promise<FoldScores[]> {
  if (runs.length === 0) return [];
  const shuffled = withShuffledOutcomes(cohort, config.split.seed);
  const scores = await Promise.all(folds.map((fold) => scoreWhole(fold, runs, shuffled, slides)));
  return scores.filter((fold) => fold !== undefined);
}

/** The first model with each other one, on the same folds. */
export function compareFirst(folds: readonly FoldScores[], model: string, seed: number): ComparedModels {
  const { models, ...rest } = compareModels(folds, testedPairs(model, Object.keys(folds[0]?.models ?? {})), seed);
  const { [model]: metrics = {}, ...baselines } = models;
  return { patients: countPatients(folds), metrics, baselines, ...rest };
}

/** What a fold alone says: too little to test anything by. */
function foldResult(
  fold: FoldOfRun,
  task: string,
  scores: FoldScores | undefined,
  model: string,
  seed: number,
  runs: readonly ComparedRun[],
): FoldResult {
  const { patients, metrics, baselines, differences } = scores
    ? compareFirst([scores], model, seed)
    : { patients: 0, metrics: {}, baselines: {}, differences: {} };
  return {
    ...fold,
    task,
    split: 'test',
    patients,
    metrics,
    baselines,
    differences,
    runs: runs
      .filter(isOf(fold))
      .map(({ model: name, seed: own, control, folder, outcome }) => ({
        model: name,
        seed: own,
        ...(control ? { control } : {}),
        folder,
        ...outcome,
      })),
  };
}

/** What mars the results of runs, to be repeated by every table: that a model was chosen on the patients that it is scored on. */
export function cautionsOf(runs: readonly Pick<ComparedRun, 'folder' | 'outcome'>[]): string[] {
  const chosen = runs.flatMap(({ folder, outcome }) =>
    'result' in outcome && outcome.result.chosenOnThese ? [folder] : [],
  );
  return chosen.length === 0 ? [] : [`in ${counted(chosen.length, 'run')} (${someOf(chosen)}) ${CHOSEN_ON_THESE}`];
}
