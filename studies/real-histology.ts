/**
 * The study on real histology, whose plan is studies/real-histology.md:
 *
 *     npm run study -- real-histology DATA OUT [MINUTES]
 *
 * DATA holds tcga-gbmlgg/, tcga-gbmlgg-rois/ and gene-sets/. OUT gets the encoder's tokens and the run folder at hand, which goes once it is recorded.
 * Each cell (a model on the five folds of one dealing) is added to studies/results/real-histology as soon as it is finished; cells that are there are
 * not trained again, so that the study resumes from a fresh clone. Ctrl-C or the end of MINUTES stops after the running step.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig, type Config } from '../packages/subspace-fusion/dist/config/config.js';
import { planCrossval } from '../packages/subspace-fusion/dist/planning/plan.js';
import { inProcess, runJobs } from '../packages/subspace-fusion/dist/planning/run-jobs.js';
import { resultOf } from '../packages/subspace-fusion/dist/planning/results-table.js';
import { METHOD, MODELS, PLAN, seedOf, type PlannedCell } from './real-histology/plan.js';
import { findCell, readRecord, REAL_HISTOLOGY, writeRecord, type Cell } from './real-histology/record.js';
import { metricsOfFolds, readTask, scoresOfFolds, type FoldRun, type TaskCohort } from './real-histology/score.js';
import { ROOT, studyArguments, subspace } from './shared.js';

const [data = '', out = '', minutes] = studyArguments('real-histology DATA OUT [MINUTES]', 2);
const started = Date.now();
const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
});
process.once('SIGTERM', () => {
  stop.abort();
});
if (minutes !== undefined) setTimeout(() => stop.abort(), Number(minutes) * 60_000).unref();

const isStopped = () => stop.signal.aborted;

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim();
const isDone = ({ task, folds, repeat, model }: PlannedCell) =>
  findCell(readRecord(REAL_HISTOLOGY, task, folds), model, repeat, seedOf(repeat)) !== undefined;

const left = PLAN.filter((cell) => !isDone(cell));
say(`${PLAN.length - left.length} of ${PLAN.length} cells are recorded`);
const cohorts = new Map<string, TaskCohort>();
const extracted = new Set<string>();
let done = 0;
for (const cell of left) {
  if (isStopped()) break;
  try {
    await train(cell);
  } catch (error) {
    if (isStopped()) break;
    throw error;
  }
  done++;
  const perCell = (Date.now() - started) / done;
  say(
    `${nameOf(cell)}: recorded, ${done} of ${left.length}, ${hours(perCell * (left.length - done))} left at this speed`,
  );
}
say('stopped; the same command resumes');
process.exit();

function say(line: string): void {
  console.log(`${new Date().toISOString().slice(0, 19)} ${line}`);
}

function nameOf({ task, folds, repeat, model }: PlannedCell): string {
  return `${task}, ${folds} folds, repeat ${repeat}, ${model}`;
}

function hours(milliseconds: number): string {
  return `${(milliseconds / 3_600_000).toFixed(1)} h`;
}

/** Tokens of the encoder's map at 1/16 or 1/8 of the region; made once. */
function tokens(features: 'map16' | 'map8'): string {
  const folder = join(resolve(out), `bags-${features}`);
  if (extracted.has(folder)) return folder;
  const encoder = join(resolve(out), `${features}.onnx`);
  if (!existsSync(encoder)) subspace(['encoder', 'mobilenet', '--yes', '--features', features, '--out', encoder]);
  const cutting = ['--tokens', 'map', '--tissue', 'none', '--patch-size', '256', '--mpp', '2', '--threads', '1'];
  const images = join(data, 'tcga-gbmlgg-rois/images');
  subspace(['extract', images, '--encoder', encoder, ...cutting, '--out', folder], 'errors');
  extracted.add(folder);
  return folder;
}

async function configOf({ task, folds, repeat, model }: PlannedCell): Promise<Config> {
  const seed = `${seedOf(repeat)}`;
  const own = Object.entries(MODELS[model] ?? {}).map(
    ([key, value]) => [key, value === 'SEED' ? seed : value === 'MAP8' ? tokens('map8') : value] as const,
  );
  const file = join(resolve(data), 'tcga-gbmlgg/folds.csv');
  const published = { 'split.file': file, 'split.by': 'null', 'split.folds': 'null' };
  return loadConfig(join(ROOT, `studies/real-histology/${task}.yaml`), {
    data: resolve(data),
    'features.folder': tokens('map16'),
    'training.seed': seed,
    'training.threads': '1',
    ...(folds === 'published' ? published : repeat > 0 ? { 'split.repeat': `${repeat}` } : {}),
    ...Object.fromEntries(own),
  });
}

async function train(cell: PlannedCell): Promise<void> {
  const { task, folds, repeat, model } = cell;
  const config = await configOf(cell);
  const seed = seedOf(repeat);
  const folder = join(resolve(out), `${task}-${folds}-${repeat}-${model}`);
  const plan = await planCrossval({ config, out: folder, seeds: [seed] });
  const ends = await runJobs(
    plan.runs.map(({ job }) => job),
    inProcess,
    {
      retryFailed: true,
      signal: stop.signal,
      onEnd: (job, { outcome, message }, seconds) => {
        say(`${nameOf(cell)}, ${job.name}: ${message ?? outcome} (${seconds.toFixed(0)} s)`);
      },
    },
  );
  if (ends.some(({ outcome }) => outcome !== 'done')) throw new Error(`${nameOf(cell)}: a fold failed, see above`);
  const runs: FoldRun[] = [];
  for (const { fold, job } of plan.runs) {
    const result = await resultOf(job);
    if (result) runs.push({ fold, path: job.folder, outcome: { result } });
  }
  const cohort = cohorts.get(task) ?? (await readTask(config));
  cohorts.set(task, cohort);
  const scores = await scoresOfFolds(model, runs, cohort, model === METHOD);
  const cells = Object.entries(metricsOfFolds(scores)).map(([name, metrics]): Cell => ({
    model: name,
    repeat,
    seed,
    commit,
    metrics,
  }));
  const patients = scores.reduce((sum, fold) => sum + fold.patients.length, 0);
  const deaths = scores.reduce(
    (sum, { truth }) => sum + (truth.kind === 'survival' ? truth.event.filter(Boolean).length : 0),
    0,
  );
  const before = readRecord(REAL_HISTOLOGY, task, folds);
  const added = cells.filter((one) => !findCell(before, one.model, repeat, seed));
  writeRecord(REAL_HISTOLOGY, {
    task,
    folds,
    patients,
    ...(deaths > 0 ? { deaths } : {}),
    cells: [...(before?.cells ?? []), ...added],
  });
  rmSync(folder, { recursive: true, force: true });
}
