/** Metrics of a cell: those of the product's comparison, of each fold. */
import { summariseSlides, type SlideSummary } from '../../packages/subspace-fusion/dist/comparison/slides.js';
import { chooseHorizon } from '../../packages/subspace-fusion/dist/comparison/comparison.js';
import {
  AREAS,
  BRIER,
  CALIBRATION,
  drawOf,
  HEADLINES,
  OTHERS,
  prepareFolds,
  type PreparedFold,
} from '../../packages/subspace-fusion/dist/comparison/fold-metrics.js';
import { scoreFold, scoresOf } from '../../packages/subspace-fusion/dist/comparison/fold-runs.js';
import {
  classesOf,
  runsOf,
  trainingOf,
  truthOf,
  type FoldScores,
} from '../../packages/subspace-fusion/dist/comparison/fold-scores.js';
import { loadCohort } from '../../packages/subspace-fusion/dist/cohort/load.js';
import { cohortSamples } from '../../packages/subspace-fusion/dist/inference/samples.js';
import { recalibration } from '../../packages/subspace-fusion/dist/metrics/recalibration.js';
import { openRunFolder } from '../../packages/subspace-fusion/dist/runs/run-folder.js';
import type { Metric } from '../../packages/subspace-fusion/dist/metrics/bootstrap.js';
import type { Config } from '../../packages/subspace-fusion/dist/config/config.js';
import type { Cohort } from '../../packages/subspace-fusion/dist/cohort/types.js';
import type { RunOutcome } from '../../packages/subspace-fusion/dist/comparison/fold-runs.js';

/** A finished run of a fold. */
export interface FoldRun {
  readonly fold: number;
  readonly path: string;
  readonly outcome: RunOutcome;
}

/** The patients of a task, and what simple models read of their slides; read once. */
export interface TaskCohort {
  readonly cohort: Cohort;
  readonly slides: () => Promise<ReadonlyMap<string, SlideSummary>>;
}

export async function readTask(config: Config): Promise<TaskCohort> {
  const { cohort } = await loadCohort(config);
  let slides: Promise<ReadonlyMap<string, SlideSummary>> | undefined;
  return { cohort, slides: () => (slides ??= summariseSlides(cohort.patients, config.model.bag)) };
}

/** What a model says of the test patients of its folds; with `simple`, what the simple models say that are fitted on the same training patients, too. */
export async function scoresOfFolds(
  name: string,
  runs: readonly FoldRun[],
  { cohort, slides }: TaskCohort,
  simple: boolean,
): Promise<FoldScores[]> {
  const folds: FoldScores[] = [];
  for (const run of runs) {
    if (simple) {
      const fold = await scoreFold({ fold: run.fold }, cohort, await slides(), { [name]: [run] });
      if (fold) folds.push(fold);
      continue;
    }
    const { model, ...own } = await openRunFolder(run.path);
    const split = await own.split();
    const samples = cohortSamples(cohort, model);
    folds.push({
      fold: run.fold,
      patients: split.test,
      truth: truthOf(samples.labels(split.test), model.outcome.kind === 'classes' ? model.outcome.classes : []),
      training: trainingOf(samples.labels(split.train), cohort.timeUnit),
      models: { [name]: await scoresOf([run], split.test) },
    });
  }
  return folds;
}

type PerFold = Record<string, (number | null)[]>;

/** The metrics of every model that says something in all folds, in the order of the folds. */
export function metricsOfFolds(folds: readonly FoldScores[]): Record<string, PerFold> {
  const horizon = chooseHorizon(folds);
  const prepared = prepareFolds(folds, horizon && 'times' in horizon ? horizon : undefined);
  const names = Object.keys(folds[0]?.models ?? {}).filter((name) =>
    folds.every(({ models }) => models[name] !== undefined && 'runs' in models[name]),
  );
  return Object.fromEntries(
    names.map((name) => {
      const all = prepared.map((fold) => metricsOf(fold, name));
      const kinds = all[0]?.map((metric) => metric.name) ?? [];
      return [name, Object.fromEntries(kinds.map((kind, k) => [kind, all.map((own) => valueOf(own[k]))]))];
    }),
  );
}

const valueOf = (metric: Metric | undefined) =>
  metric && metric.value !== null ? Math.round(metric.value * 1e5) / 1e5 : null;

/** Discrimination, errors of probabilities, calibration. */
function metricsOf(fold: PreparedFold, model: string): Metric[] {
  const { kind } = fold.truth;
  const draw = drawOf(
    fold,
    Uint32Array.from(fold.patients, (_, row) => row),
  );
  const others = OTHERS[kind].score(draw, model, 0).filter(({ name }) => name === BRIER[kind] || name === 'logLoss');
  const own = [...HEADLINES[kind].score(draw, model, 0), ...AREAS[kind].score(draw, model, 0), ...others];
  return [...own, ...(kind === 'classes' ? [slopeOf(fold, model)] : CALIBRATION[kind].score(draw, model, 0))];
}

/** Calibration slope of the last of two classes, or the mean over classes against the rest. */
function slopeOf(fold: FoldScores, model: string): Metric {
  const { labels, classes } = classesOf(fold);
  const [p] = runsOf(fold, model);
  const wanted = classes.length === 2 ? [1] : classes.map((_, c) => c);
  const slopes = wanted.map((c) => {
    const probability = labels.map((_, row) => p?.[row * classes.length + c] ?? NaN);
    return recalibration(
      probability,
      labels.map((label) => label === c),
    ).slope;
  });
  const [first] = slopes;
  const refused = slopes.find(({ value }) => value === null);
  if (!first || first.value === null || refused)
    return refused ?? { name: 'calibrationSlope', value: null, reason: 'no class' };
  const sum = slopes.reduce((all, { value }) => all + (value ?? NaN), 0);
  return { ...first, value: sum / slopes.length };
}
