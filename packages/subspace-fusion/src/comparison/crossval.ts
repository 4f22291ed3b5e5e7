import { join } from 'node:path';
import { withShuffledOutcomes, type Cohort, type SiteRule } from '../cohort/index.js';
import type { Fold } from '../cohort/split/folds.js';
import type { Config } from '../config/config.js';
import { CHOSEN_ON_THESE, type NamedMetrics, type Result } from '../evaluation/result.js';
import { counted, someOf } from '../files/errors.js';
import { taskName } from '../runs/model.js';
import { writeJson } from '../runs/run-folder.js';
import { compareModels } from './comparison.js';
import { failureOf, scoreFold } from './fold-runs.js';
import { countPatients, type FoldScores } from './fold-scores.js';
import { describeModel, slideMeans } from './model-detail.js';
import type { Control, PlannedRun, RunOutcome } from './planned-runs.js';
import { probeRuns, type SiteProbe } from './site-probe.js';
import { withinSubgroup, type Subgroup } from './subgroups.js';
import type { Comparison, ModelDetail } from './types.js';

/** What mars the results of runs, to be repeated by every table: that a model was chosen on the patients that it is scored on. */
export function cautionsOf(runs: readonly { readonly folder: string; readonly outcome: RunOutcome }[]): string[] {
  const chosen = runs.flatMap(({ folder, outcome }) =>
    'result' in outcome && outcome.result.chosenOnThese ? [folder] : [],
  );
  return chosen.length === 0 ? [] : [`in ${counted(chosen.length, 'run')} (${someOf(chosen)}) ${CHOSEN_ON_THESE}`];
}

/** The network beside simpler models, on the test patients of every fold or of one. */
export interface ComparedModels extends Omit<Comparison, 'models'> {
  readonly patients: number;
  /** The network's, the mean over folds and seeds. */
  readonly metrics: NamedMetrics;
  readonly baselines: Readonly<Record<string, NamedMetrics>>;
}

/** One fold: the form of a `result.json`, the metrics being means over the seeds. */
export interface FoldResult extends Pick<ComparedModels, 'patients' | 'metrics' | 'baselines' | 'differences'> {
  readonly fold: number;
  /** Which dealing of the patients to folds; absent where there is only one. */
  readonly repeat?: number;
  readonly task: string;
  readonly split: 'test';
  /** Each training, with its run folder and what its own `result.json` says. */
  readonly runs: readonly {
    readonly seed: number;
    readonly control?: Control;
    readonly folder: string;
    readonly result?: Result;
    readonly failure?: string;
  }[];
}

/** `crossval.json`. */
export interface Crossval extends ComparedModels, ModelDetail {
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
  /** The control: the same with outcomes exchanged between patients. All models are at chance, or something leaks. */
  readonly shuffledOutcomes?: ComparedModels;
  /** How well the inputs tell the site. */
  readonly probe?: SiteProbe;
}

export const CROSSVAL_FILE = 'crossval.json';

/** The name of the control with exchanged slides, which stands as a model beside the others. */
export const PERMUTED_BAGS = 'permutedBags';

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
  readonly probe?: SiteRule;
  readonly subgroups: readonly (Subgroup & { readonly patients: ReadonlySet<string> })[];
}

/**
 * Scores the finished runs of a configuration by patient and compares them with simpler models that are fitted on the same patients
 * of every fold. Writes `crossval.json` beside the run folders.
 * @throws Error where no run was finished
 */
export async function gatherCrossval({
  config,
  out,
  cohort,
  folds,
  seeds,
  runs,
  control,
  probe,
  subgroups,
}: CrossvalParts): Promise<Crossval> {
  const ofFold = ({ fold, repeat }: Fold) => runs.filter(({ run }) => run.fold === fold && run.repeat === repeat);
  const means = await slideMeans(cohort.patients, config.model.bag);
  const { name: model } = config.model;
  const ended = (fold: Fold, kind: Control | undefined) =>
    ofFold(fold).flatMap(({ run, outcome }) =>
      run.control === kind ? [{ folder: join(out, run.folder), outcome }] : [],
    );
  const modelsOf = (fold: Fold) => ({
    [model]: ended(fold, undefined),
    ...(control === 'permuted-bags' ? { [PERMUTED_BAGS]: ended(fold, control) } : {}),
  });
  const scores = await Promise.all(folds.map((fold) => scoreFold(fold, cohort, means, modelsOf(fold))));

  const seed = config.training.seed;
  const complete = scores.filter((fold) => fold !== undefined);
  if (complete.length === 0)
    throw new Error(`${out}: no run could be finished. The first one says: ${failureOf(runs[0].outcome)}`);
  const shuffled =
    control === 'shuffled-outcomes'
      ? await Promise.all(
          folds.map((fold) =>
            scoreFold(fold, withShuffledOutcomes(cohort, config.split.seed), means, { [model]: ended(fold, control) }),
          ),
        )
      : [];
  const scoredShuffled = shuffled.filter((fold) => fold !== undefined);
  const task = taskName(config.task);
  const compared = compare(complete, model, seed);
  const detail = describeModel(complete, model, cohort.patients, seeds, config);
  const crossval: Crossval = {
    name: config.name,
    task,
    model,
    split: 'test',
    seeds,
    ...compared,
    intervals: `95 % percentile bootstrap of ${compared.bootstrap.units}`,
    ...detail,
    notes: [...detail.notes, ...cautionsOf(runs.map(({ run, outcome }) => ({ folder: run.folder, outcome })))],
    within: subgroups.map(({ column, value, patients }) => {
      const restricted = withinSubgroup(complete, (id) => patients.has(id));
      return { column, value, ...('reason' in restricted ? restricted : compare(restricted, model, seed)) };
    }),
    folds: folds.map((fold, f) => ({
      fold: fold.fold,
      ...(fold.repeat === undefined ? {} : { repeat: fold.repeat }),
      task,
      split: 'test',
      ...(scores[f] ? ofOneFold(scores[f], model, seed) : { patients: 0, metrics: {}, baselines: {}, differences: {} }),
      runs: ofFold(fold).map(({ run: { seed, control, folder }, outcome }) => ({
        seed,
        ...(control ? { control } : {}),
        folder,
        ...outcome,
      })),
    })),
    ...(scoredShuffled.length > 0 ? { shuffledOutcomes: compare(scoredShuffled, model, seed) } : {}),
    ...(probe
      ? {
          probe: await probeRuns(
            cohort,
            means,
            folds.map((fold) => ({ ...fold, runs: ended(fold, undefined) })),
            probe,
            seed,
          ),
        }
      : {}),
  };
  await writeJson(join(out, CROSSVAL_FILE), crossval);
  return crossval;
}

function compare(folds: readonly FoldScores[], model: string, seed: number): ComparedModels {
  const others = Object.keys(folds[0].models).filter((name) => name !== model);
  const { models, ...rest } = compareModels(
    folds,
    others.map((other) => [model, other]),
    seed,
  );
  const { [model]: metrics, ...baselines } = models;
  return { patients: countPatients(folds), metrics: metrics, baselines, ...rest };
}

/** What a fold alone says: too little to test anything by. */
function ofOneFold(
  fold: FoldScores,
  model: string,
  seed: number,
): Pick<FoldResult, 'patients' | 'metrics' | 'baselines' | 'differences'> {
  const { patients, metrics, baselines, differences } = compare([fold], model, seed);
  return { patients, metrics, baselines, differences };
}
