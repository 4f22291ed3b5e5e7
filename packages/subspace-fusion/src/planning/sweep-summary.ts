import { join } from 'node:path';
import { HEADLINE } from '../evaluation/comparison.js';
import type { Result } from '../evaluation/result.js';
import { JOB_FILES, readWholeJson } from './job.js';
import type { Sweep, SweepRun } from './sweep.js';

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
