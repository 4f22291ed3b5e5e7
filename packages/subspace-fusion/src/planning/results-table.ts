import { maxOf, minOf } from '../files/lists.js';
import { join } from 'node:path';
import { HEADLINE } from '../comparison/fold-metrics.js';
import { writeFileAtomic } from '../files/atomic.js';
import { csvText, type CsvCell } from '../files/csv.js';
import { readWholeJson } from '../files/file-source.js';
import { resultFile, type Result } from '../runs/result.js';
import type { NamedMetrics } from '../runs/values.js';
import { readAttempts, type Attempt } from './attempts.js';
import { jobState } from './job-state.js';
import { JOB_FILES, type Job } from './job.js';
import type { Plan, PlannedRun } from './plan.js';

type Row = Readonly<Record<string, CsvCell>>;

export const RESULTS_FILE = 'results.csv';

/**
 * Writes `results.csv`: the runs of a plan, a row for each, done or not. Columns: which run it is; the settings that the plan
 * changes; every metric of the network and of the simpler models with its 95 % interval; time, memory, host and version. An empty cell
 * is what is not there (yet). Seconds are those of all attempts together, memory the most of any.
 */
export async function writeResults({ out, runs, changed }: Plan): Promise<void> {
  const rows = await Promise.all(runs.map((run) => rowOf(run, changed)));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  // What only some runs have comes last of its kind: metrics before the account of the work.
  const ordered = [...columns.filter((name) => !ACCOUNT.includes(name)), ...ACCOUNT];
  const table = [ordered, ...rows.map((row) => ordered.map((name) => row[name]))];
  await writeFileAtomic(join(out, RESULTS_FILE), csvText(table));
}

const ACCOUNT = ['seconds', 'peakMemoryBytes', 'attempts', 'started', 'host', 'version', 'folder', 'message'];

async function rowOf(run: PlannedRun, changed: readonly string[]): Promise<Row> {
  const { name, setting, control, fold, repeat, seed, config, folder, job } = run;
  const { task, model, variant } = setting;
  const state = await jobState(job.folder);
  const result = state.state === 'done' ? await resultOf(job) : undefined;
  return {
    run: name,
    task,
    model,
    variant,
    control: control ?? '',
    ...(repeat === undefined ? {} : { repeat }),
    fold,
    seed,
    state: state.state,
    ...Object.fromEntries(changed.map((key) => [key, valueAt(config, key)])),
    ...(result && resultCells(result)),
    ...accountCells(await readAttempts(job.folder)),
    folder,
    message: 'message' in state ? state.message : undefined,
  };
}

/** What a finished run's `result.json` says. */
export const resultOf = ({ folder }: Job): Promise<Result | undefined> =>
  readWholeJson(join(folder, JOB_FILES.result), resultFile);

function valueAt(config: unknown, key: string): CsvCell {
  const value = key
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], config);
  return typeof value === 'object' ? JSON.stringify(value) : (value as CsvCell);
}

function resultCells({ patients, selection, metrics, baselines }: Result): Row {
  return {
    patients,
    selectedEpoch: selection.epoch,
    validation: selection.value ?? undefined,
    ...metricCells('', metrics),
    ...Object.assign({}, ...Object.entries(baselines).map(([name, own]) => metricCells(`${name}.`, own))),
  } as Row;
}

function metricCells(prefix: string, metrics: NamedMetrics): Row {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, metric]): [string, CsvCell][] => {
      const { value, low, high } =
        metric.value === null ? { value: undefined, low: undefined, high: undefined } : metric;
      return [
        [prefix + name, value],
        [`${prefix}${name}.low`, low],
        [`${prefix}${name}.high`, high],
      ];
    }),
  );
}

function accountCells(attempts: readonly Attempt[]): Row {
  const last = attempts.at(-1);
  if (!last) return {};
  const measured = attempts.flatMap(({ seconds, peakMemoryBytes = 0 }) =>
    seconds === undefined ? [] : [{ seconds, peakMemoryBytes }],
  );
  return {
    seconds: measured.length > 0 ? measured.reduce((sum, { seconds }) => sum + seconds, 0) : undefined,
    peakMemoryBytes: measured.length > 0 ? maxOf(measured.map(({ peakMemoryBytes }) => peakMemoryBytes)) : undefined,
    attempts: attempts.length,
    started: attempts[0].started,
    host: last.host,
    version: last.version,
  };
}

/** The runs of one setting, or of its control, together. */
export interface SettingSummary {
  readonly name: string;
  readonly done: number;
  readonly of: number;
  readonly metric: string;
  /** Over folds and seeds of the runs that are done and could be scored: mean, least and most. */
  readonly spread?: { readonly mean: number; readonly least: number; readonly most: number } | undefined;
}

/** What the runs that are done say of each setting, in the metric that speaks for its task. */
export async function summarise({ runs }: Plan): Promise<SettingSummary[]> {
  const nameOf = ({ setting: { task, model, variant }, control }: PlannedRun) =>
    [task, model, variant, control ?? ''].filter((part) => part !== '').join('/');
  const names = [...new Set(runs.map(nameOf))];
  return Promise.all(
    names.map(async (name) => {
      const own = runs.filter((run) => nameOf(run) === name);
      const results = await Promise.all(own.map(({ job }) => resultOf(job)));
      const done = results.filter((result) => result !== undefined);
      const isSurvival = own.every(({ config }) => config.task === 'survival');
      const metric = isSurvival ? HEADLINE.survival : HEADLINE.classes;
      const values = done.flatMap(({ metrics }) => (metric in metrics ? (metrics[metric].value ?? []) : []));
      const spread =
        values.length > 0
          ? { mean: values.reduce((a, b) => a + b, 0) / values.length, least: minOf(values), most: maxOf(values) }
          : undefined;
      return { name, done: done.length, of: own.length, metric, spread };
    }),
  );
}
