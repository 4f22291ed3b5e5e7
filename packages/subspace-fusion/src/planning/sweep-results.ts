import { join, resolve } from 'node:path';
import { HEADLINE } from '../comparison/comparison.js';
import type { NamedMetrics, Result } from '../evaluation/result.js';
import { readAttempts, type Attempt } from './attempts.js';
import { jobState } from './job-state.js';
import { JOB_FILES, readWholeJson } from './job.js';
import type { Sweep, SweepRun } from './settings.js';

type Cell = string | number | undefined;
type Row = Readonly<Record<string, Cell>>;

/**
 * The runs of a sweep as comma separated values: a row for each, done or not. Columns: which run it is; the settings that the plan
 * changes; every metric of the network and of the simpler models with its 95 % interval; time, memory, host and version. An empty cell
 * is what is not there (yet). Seconds are those of all attempts together, memory the most of any.
 * @param changed keys of the config that the plan sets, `training.consistency`
 */
export async function resultTable(out: string, runs: readonly SweepRun[], changed: readonly string[]): Promise<string> {
  const rows = await Promise.all(runs.map((run) => rowOf(out, run, changed)));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  // What only some runs have comes last of its kind: metrics before the account of the work.
  const ordered = [...columns.filter((name) => !ACCOUNT.includes(name)), ...ACCOUNT];
  return [ordered, ...rows.map((row) => ordered.map((name) => row[name]))]
    .map((cells) => `${cells.map(cell).join(',')}\n`)
    .join('');
}

const ACCOUNT = ['seconds', 'peakMemoryBytes', 'attempts', 'started', 'host', 'version', 'folder', 'message'];

function cell(value: Cell): string {
  const text = value === undefined ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function rowOf(
  out: string,
  { name, setting: { task, model, variant }, control, fold, repeat, seed, config, folder }: SweepRun,
  changed: readonly string[],
): Promise<Row> {
  const run = resolve(out, folder);
  const state = await jobState(run);
  const result = state.state === 'done' ? ((await readWholeJson(join(run, JOB_FILES.result))) as Result) : undefined;
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
    ...accountCells(await readAttempts(run)),
    folder,
    message: 'message' in state ? state.message : undefined,
  };
}

function valueAt(config: unknown, key: string): Cell {
  const value = key
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], config);
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
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
    Object.entries(metrics).flatMap(([name, metric]): [string, Cell][] => {
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
  const measured = attempts.filter(({ seconds }) => seconds !== undefined);
  return {
    seconds: measured.length > 0 ? measured.reduce((sum, { seconds }) => sum + seconds!, 0) : undefined,
    peakMemoryBytes:
      measured.length > 0 ? Math.max(...measured.map(({ peakMemoryBytes = 0 }) => peakMemoryBytes)) : undefined,
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
  readonly mean?: number;
  readonly least?: number;
  readonly most?: number;
}

/** What the runs that are done say of each setting, in the metric that speaks for its task. */
export async function summarise({ runs, jobs }: Sweep): Promise<SettingSummary[]> {
  const nameOf = ({ setting: { task, model, variant }, control }: SweepRun) =>
    [task, model, variant, control ?? ''].filter((part) => part !== '').join('/');
  const names = [...new Set(runs.map(nameOf))];
  return Promise.all(
    names.map(async (name) => {
      const own = jobs.filter((_, i) => nameOf(runs[i]) === name);
      const { config } = runs.find((run) => nameOf(run) === name)!;
      const results = await Promise.all(
        own.map(({ folder }) => readWholeJson(join(folder, JOB_FILES.result)) as Promise<Result | undefined>),
      );
      const done = results.filter((result) => result !== undefined);
      const metric = config.task === 'survival' ? HEADLINE.survival : HEADLINE.classes;
      const values = done.flatMap(({ metrics }) => metrics[metric]?.value ?? []);
      const spread =
        values.length > 0
          ? {
              mean: values.reduce((a, b) => a + b, 0) / values.length,
              least: Math.min(...values),
              most: Math.max(...values),
            }
          : {};
      return { name, done: done.length, of: own.length, metric, ...spread };
    }),
  );
}
