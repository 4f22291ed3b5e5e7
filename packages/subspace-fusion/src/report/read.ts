import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CROSSVAL_FILE, type Crossval } from '../comparison/crossval.js';
import type { WorstPatient } from '../comparison/types.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { predictedSurvival } from '../metrics/index.js';
import { exists, openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { VERSION } from '../version.js';
import { readExplanations } from './explanations.js';
import { asPredictions, evaluated, factsOf, patientsOf, readReportRun, splitPatients } from './from-run.js';
import type { CrossvalDetail, Explanations, ReportInput, ReportRun, Training } from './types.js';

type Run = Crossval['folds'][number]['runs'][number] & { readonly fold: string; readonly path: string };

/** A cross-validation as a report shows it: its own numbers, and the predictions of the first seed's runs. @throws InputError where the folder holds none. */
export async function readReportCrossval(folder: string): Promise<ReportRun> {
  const crossval = await readCrossval(folder);
  const runs = crossval.folds.flatMap((fold) =>
    fold.runs.map((run): Run => ({ ...run, fold: foldName(fold), path: join(folder, run.folder) })),
  );
  const finished = runs.filter(({ result, control }) => result && control === undefined);
  const shown = finished.filter(({ seed, fold }) => seed === finished.find((run) => run.fold === fold)!.seed);
  const first = await openRunFolder(shown[0].path);
  const config = await first.config();
  const predictions = await pooledPredictions(shown);
  const parts = await Promise.all(
    shown.map(async ({ fold, path }) => ({
      name: `Tested in fold ${fold}`,
      patients: (await (await openRunFolder(path)).split()).test,
    })),
  );
  const dealtOnce = crossval.folds.every(({ repeat }) => repeat === undefined || repeat === crossval.folds[0].repeat);
  return {
    task: crossval.task,
    config: withoutFold(config),
    model: factsOf(first.model),
    trainings: await Promise.all(finished.map(trainingOf)),
    result: {
      task: crossval.task,
      split: crossval.split,
      patients: crossval.patients,
      metrics: crossval.metrics,
      baselines: crossval.baselines,
    },
    predictions,
    patients: dealtOnce
      ? await patientsOf(config, parts)
      : { reason: 'the folds deal the same patients several times; the report of a run of a fold has its patients' },
    crossval: detailOf(crossval, runs, config.model.name),
    explanations: await explanationsOf(shown, predictions),
    commands: [crossvalCommand(crossval, config, basename(folder)), `npx subspace report ${basename(folder)}`],
  };
}

/** The configuration of all folds: a run's own names its fold. */
function withoutFold(config: Config): ReportRun['config'] {
  const split = Object.entries(config.split).filter(([key]) => !['fold', 'folds', 'repeat'].includes(key));
  return { ...config, split: Object.fromEntries(split) };
}

function crossvalCommand({ folds, seeds }: Crossval, { split }: Config, name: string): string {
  const dealings = new Set(folds.map(({ repeat }) => repeat)).size;
  const options = [
    ...(split.file === undefined ? [`--folds ${folds.length / dealings}`] : []),
    ...(dealings > 1 ? [`--repeats ${dealings}`] : []),
    `--seeds ${seeds.join(',')}`,
    `--out ${name}`,
  ];
  return `npx subspace crossval config.yaml ${options.join(' ')}`;
}

/** Every patient that a cross-validation names. */
export async function crossvalPatients(folder: string): Promise<string[]> {
  const { folds } = await readCrossval(folder);
  const finished = folds.flatMap(({ runs }) => runs.filter(({ result }) => result).slice(0, 1));
  const splits = await Promise.all(finished.map((run) => splitPatients(join(folder, run.folder))));
  return splits.flat();
}

async function readCrossval(folder: string): Promise<Crossval> {
  const path = join(folder, CROSSVAL_FILE);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Crossval;
  } catch {
    throw new InputError(
      `${path}: is not the result of \`subspace crossval\`. The same crossval command goes on where it was stopped.`,
    );
  }
}

const foldName = ({ fold, repeat }: Crossval['folds'][number]) =>
  repeat === undefined ? String(fold) : `${fold} (dealt ${repeat + 1})`;

async function trainingOf({ path, fold, seed, result }: Run): Promise<Training> {
  return { name: `fold ${fold}, seed ${seed}`, epochs: await (await openRunFolder(path)).epochs(), selection: result!.selection };
}

/**
 * Test patients of all folds. Their groups, predicted survival and classes can stand side by side; their risks have no common scale. Each fold has its own
 * cuts, so survival is read off at the earliest of each.
 */
async function pooledPredictions(runs: readonly Run[]): Promise<ReportRun['predictions']> {
  const ofRuns = await Promise.all(
    runs.map(async ({ path, fold }) => {
      const run = await openRunFolder(path);
      return asPredictions(run.model, evaluated(run, RUN_FILES.predictions, await run.predictions()), fold);
    }),
  );
  const [first] = ofRuns;
  if (first.kind === 'classification')
    return { ...first, rows: ofRuns.flatMap((one) => (one.kind === 'classification' ? one.rows : [])) };
  const folds = ofRuns.filter((one) => one.kind === 'survival');
  const cuts = first.cuts.map((_, k) => Math.min(...folds.map((fold) => fold.cuts[k])));
  return {
    ...first,
    cuts,
    rows: folds.flatMap((fold) =>
      fold.rows.map((row) => ({ ...row, survival: survivalAtCuts(row.survival, fold.cuts, cuts) })),
    ),
  };
}

/** Predicted survival at other times, none after the last cut. */
function survivalAtCuts(survival: readonly number[], own: readonly number[], cuts: readonly number[]): number[] {
  const curve = { times: [0, ...own], survival: [1, ...survival] };
  return cuts.map((time) => predictedSurvival(curve, time) as number);
}

async function explanationsOf(runs: readonly Run[], predictions: ReportRun['predictions']): Promise<Explanations> {
  const found = await Promise.all(runs.map(async ({ path }) => readExplanations(await openRunFolder(path), predictions)));
  const patients = found.flatMap((one) => one.patients);
  return {
    patients: patients.slice(0, 6),
    notShown: patients.length - Math.min(patients.length, 6) + found.reduce((sum, one) => sum + one.notShown, 0),
  };
}

function detailOf(crossval: Crossval, runs: readonly Run[], network: string): CrossvalDetail {
  const { seeds, intervals, differences, folds, within } = crossval;
  // Results of before they were written have none.
  const { subgroups = [], notes = [], worstPredicted = [] } = crossval as Partial<Crossval>;
  const main = 'concordanceIndex' in crossval.metrics ? 'concordanceIndex' : 'macroAuc';
  return {
    seeds,
    intervals,
    network,
    differences,
    folds: folds.map((fold) => ({
      fold: foldName(fold),
      patients: fold.patients,
      metrics: fold.metrics,
      baselines: fold.baselines,
    })),
    subgroups: [
      ...within.map((group) => ({
        group: `${group.column} = ${group.value}`,
        patients: 'reason' in group ? 0 : group.patients,
        metric: 'reason' in group ? { value: null, reason: group.reason } : group.metrics[main],
      })),
      ...subgroups.map(({ by, group, patients, metric }) => ({ group: `${by} ${group}`, patients, metric })),
    ],
    worst: worstPredicted.map((patient) => ({ patient: patient.patient, what: wrong(patient) })),
    failures: runs.flatMap(({ folder, failure }) => (failure === undefined ? [] : [`${folder}: ${failure}`])),
    notes,
  };
}

/** How a patient was predicted, and what happened. */
function wrong(patient: WorstPatient): string {
  if ('truth' in patient)
    return `was ${patient.truth}, which got ${Math.round(100 * patient.probabilityOfTruth)} %; predicted: ${patient.predicted}`;
  const { discordant, riskRank, time, event } = patient;
  const higher = `risk above that of ${Math.round(100 * riskRank)} % of the fold's patients`;
  return `${higher}; ${event ? 'died at' : 'alive at'} ${Number(time.toFixed(1))}; ${Math.round(100 * discordant)} % of the pairs with others in the wrong order`;
}

/** What a folder holds, and every patient whom it names. */
export interface ReportSource {
  readonly input: ReportInput;
  readonly patients: readonly string[];
}

/** Reads the folder of a run or of a cross-validation. @throws InputError where it is neither, or is not finished. */
export async function readReport(folder: string): Promise<ReportSource> {
  const crossval = await isCrossval(folder);
  const run = await (crossval ? readReportCrossval(folder) : readReportRun(folder));
  const named = await (crossval ? crossvalPatients(folder) : splitPatients(folder));
  const explained = run.explanations.patients.map(({ explanation }) => explanation.patient);
  const what = crossval ? `${run.task}, cross-validated` : run.task;
  const name = typeof run.config['name'] === 'string' ? run.config['name'] : 'cohort';
  return {
    input: { title: `${name}: ${what}`, runs: [run], versions: versions() },
    patients: [...named, ...explained],
  };
}

export async function isCrossval(folder: string): Promise<boolean> {
  if (await exists(join(folder, CROSSVAL_FILE))) return true;
  if (await exists(join(folder, RUN_FILES.config))) return false;
  throw new InputError(
    `${folder}: holds neither a run (${RUN_FILES.config}) nor a cross-validation (${CROSSVAL_FILE}). Name the folder that \`subspace train\` or \`subspace crossval\` wrote.`,
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
