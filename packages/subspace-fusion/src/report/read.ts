import { minOf } from '../files/lists.js';
import { basename, join } from 'node:path';
import {
  COMPARISON_FILE,
  holdsComparison,
  readComparisonFile,
  type FoldResult,
  type TaskComparison,
} from '../comparison/file.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { predictedSurvival } from '../metrics/survival-curve.js';
import type { Run } from '../runs/open-run.js';
import { exists, openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { VERSION } from '../version.js';
import { foldName, runName } from '../words/comparison.js';
import { readExplanations } from './explanations.js';
import { asPredictions, evaluated, factsOf, patientsOf, readReportRun, splitPatients } from './from-run.js';
import { ALL_TESTED, type Part } from './patients.js';
import type { Explanations, ReportInput, ReportRun, Training } from './types.js';

/** A finished run of the first model. */
interface FinishedRun extends Pick<FoldResult, 'fold' | 'repeat'> {
  readonly seed: number;
  readonly path: string;
}
type OpenedRun = FinishedRun & { readonly opened: Run };
type ShownRun = OpenedRun & { readonly test: readonly string[] };

/**
 * A task's comparison as a report shows it: its own numbers, and the predictions of the first model's runs of the first seed. A patient who
 * is tested in several folds is shown as in the first of them, so that nobody counts twice.
 */
async function reportTask(folder: string, comparison: TaskComparison): Promise<ReportRun> {
  const finished = await Promise.all(
    runsOfFirst(folder, comparison).map(async (run) => ({ ...run, opened: await openRunFolder(run.path) })),
  );
  const shown = await shownRuns(finished);
  const first = shown.at(0);
  if (!first) throw new InputError(`${join(folder, COMPARISON_FILE)}: holds no finished run of ${comparison.model}`);
  const config = await first.opened.config();
  const predictions = await pooledPredictions(shown);
  return {
    task: comparison.task,
    config: withoutFold(config),
    model: factsOf(first.opened.model),
    trainings: await Promise.all(finished.map(trainingOf)),
    result: {
      task: comparison.task,
      split: comparison.split,
      patients: comparison.patients,
      metrics: comparison.metrics,
      baselines: comparison.baselines,
    },
    predictions,
    patients: await patientsOf(config, partsOfFolds(shown)),
    comparison,
    explanations: await explanationsOf(shown, predictions),
    commands: [commandOf(comparison, config, basename(folder)), `npx subspace report ${basename(folder)}`],
  };
}

function runsOfFirst(folder: string, { folds, model }: TaskComparison): FinishedRun[] {
  return folds.flatMap(({ fold, repeat, runs }) =>
    runs.flatMap((run) =>
      run.model === model && run.control === undefined && run.result !== undefined
        ? [{ fold, repeat, seed: run.seed, path: join(folder, run.folder) }]
        : [],
    ),
  );
}

/** The first run of every fold that tests somebody whom no fold before it tests, with its test patients. */
async function shownRuns<R extends OpenedRun>(finished: readonly R[]): Promise<(R & { test: readonly string[] })[]> {
  const seen = new Set<string>();
  const shown: (R & { test: readonly string[] })[] = [];
  for (const run of finished) {
    const { test } = await run.opened.split();
    if (test.every((patient) => seen.has(patient))) continue;
    for (const patient of test) seen.add(patient);
    shown.push({ ...run, test });
  }
  return shown;
}

/** Everybody, and those whom each fold tests. */
function partsOfFolds(runs: readonly ShownRun[]): Part[] {
  const folds = runs.map((run) => ({ name: `Tested in ${foldName(run)}`, patients: run.test }));
  const everyone = [...new Set(runs.flatMap(({ test }) => test))];
  return folds.length === 1 ? folds : [{ name: ALL_TESTED, patients: everyone }, ...folds];
}

/** The configuration of all folds: a run's own names its fold. */
function withoutFold(config: Config): ReportRun['config'] {
  const split = Object.entries(config.split).filter(([key]) => !['fold', 'folds', 'repeat'].includes(key));
  return { ...config, split: Object.fromEntries(split) };
}

function commandOf({ folds, seeds, model }: TaskComparison, { split }: Config, name: string): string {
  const inFoldersOfSettings = folds.some(({ runs }) =>
    runs.some((run) => run.model === model && !/^(?:repeat-\d+[\\/])?fold-\d+[\\/]/.test(run.folder)),
  );
  if (inFoldersOfSettings) return `npx subspace sweep plan.yaml --out ${name}`;
  const dealings = new Set(folds.map(({ repeat }) => repeat)).size;
  const options = [
    ...(split.file === undefined ? [`--folds ${folds.length / dealings}`] : []),
    ...(dealings > 1 ? [`--repeats ${dealings}`] : []),
    `--seeds ${seeds.join(',')}`,
    `--out ${name}`,
  ];
  return `npx subspace crossval config.yaml ${options.join(' ')}`;
}

async function trainingOf({ opened, ...run }: OpenedRun): Promise<Training> {
  const { selection } = evaluated(opened, RUN_FILES.result, await opened.result());
  return { name: runName(run), epochs: await opened.epochs(), selection };
}

/**
 * Test patients of all folds, each as the first fold that tests them says. Their groups, predicted survival and classes can stand side by side; their risks have no common scale. Each fold has its own
 * cuts, so survival is read off at the earliest of each.
 */
async function pooledPredictions(runs: readonly OpenedRun[]): Promise<ReportRun['predictions']> {
  const ofRuns = await Promise.all(
    runs.map(async ({ opened }) =>
      asPredictions(opened.model, evaluated(opened, RUN_FILES.predictions, await opened.predictions())),
    ),
  );
  const [first] = ofRuns;
  if (first.kind === 'classification') {
    const folds = ofRuns.flatMap((one) => (one.kind === 'classification' ? [one.rows] : []));
    const withoutNames = folds.map((rows) => rows.map(({ label, probabilities }) => ({ label, probabilities })));
    return { ...first, rows: oncePerPatient(folds.flat()), folds: withoutNames };
  }
  const folds = ofRuns.filter((one) => one.kind === 'survival');
  const cuts = first.cuts.map((_, k) => minOf(folds.map((fold) => fold.cuts[k])));
  return {
    ...first,
    cuts,
    rows: oncePerPatient(
      folds.flatMap((fold) =>
        fold.rows.map((row) => ({ ...row, survival: survivalAtCuts(row.survival, fold.cuts, cuts) })),
      ),
    ),
  };
}

/** The first row of each patient. */
function oncePerPatient<R extends { readonly patient: string }>(rows: readonly R[]): R[] {
  const seen = new Set<string>();
  return rows.filter(({ patient }) => !seen.has(patient) && seen.add(patient));
}

/** Predicted survival at other times, none after the last cut. */
function survivalAtCuts(survival: readonly number[], own: readonly number[], cuts: readonly number[]): number[] {
  const curve = { times: [0, ...own], survival: [1, ...survival] };
  return cuts.map((time) => predictedSurvival(curve, time) as number);
}

async function explanationsOf(
  runs: readonly OpenedRun[],
  predictions: ReportRun['predictions'],
): Promise<Explanations> {
  const found = await Promise.all(runs.map(({ opened }) => readExplanations(opened, predictions)));
  const patients = found.flatMap((one) => one.patients);
  return {
    patients: patients.slice(0, 6),
    notShown: patients.length - Math.min(patients.length, 6) + found.reduce((sum, one) => sum + one.notShown, 0),
  };
}

/** What a folder holds, and every patient whom it names. */
export interface ReportSource {
  readonly input: ReportInput;
  readonly patients: readonly string[];
}

/** Reads the folder of a run, of a cross-validation or of a sweep. @throws InputError where it is none of them, or is not finished. */
export async function readReport(folder: string): Promise<ReportSource> {
  const comparison = (await isComparison(folder)) ? await readComparisonFile(folder) : undefined;
  const runs = comparison
    ? await Promise.all(comparison.tasks.map((task) => reportTask(folder, task)))
    : [await readReportRun(folder)];
  const first = runs.at(0);
  if (!first)
    throw new InputError(
      `${join(folder, COMPARISON_FILE)}: no fold is finished. The same command goes on with the rest.`,
    );
  const folders = comparison?.tasks.flatMap((task) => runsOfFirst(folder, task).map(({ path }) => path));
  const named = await Promise.all((folders ?? [folder]).map(splitPatients));
  const explained = runs.flatMap(({ explanations }) => explanations.patients.map((one) => one.explanation.patient));
  const worst = runs.flatMap((run) => run.comparison?.worstPredicted.map(({ patient }) => patient) ?? []);
  const tasks = runs.map(({ task }) => task).join(', ');
  const name = typeof first.config['name'] === 'string' ? first.config['name'] : 'cohort';
  return {
    input: { title: `${name}: ${tasks}${comparison ? ', cross-validated' : ''}`, runs, versions: versions() },
    patients: [...named.flat(), ...explained, ...worst],
  };
}

export async function isComparison(folder: string): Promise<boolean> {
  if (await holdsComparison(folder)) return true;
  if (await exists(join(folder, RUN_FILES.config))) return false;
  throw new InputError(
    `${folder}: holds neither a run (${RUN_FILES.config}) nor a comparison (${COMPARISON_FILE}). Name the folder that \`subspace train\`, \`crossval\` or \`sweep\` wrote.`,
  );
}

/** Of the programs that write a report. */
export function versions(): Record<string, string> {
  return {
    'subspace-fusion': VERSION,
    'Node.js': process.versions.node,
    system: `${process.platform}, ${process.arch}`,
  };
}
