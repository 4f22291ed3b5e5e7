import { basename, join, resolve } from 'node:path';
import { hashInputs, loadCohort } from '../cohort/index.js';
import { foldsOf, type Fold } from '../cohort/split/folds.js';
import { planRuns } from '../comparison/planned-runs.js';
import type { Config } from '../config/config.js';
import { writeFileAtomic } from '../files/atomic.js';
import { badInput, type Problem } from '../files/errors.js';
import { trainingJob } from './crossval.js';
import type { JobEnd } from './job.js';
import { readPlan, type Plan } from './plan.js';
import { runJobs, type Executor, type JobsEvents } from './run-jobs.js';
import { planSettings, settingFolder, type Sweep, type SweepRun } from './settings.js';
import type { SlurmResources } from './slurm-script.js';
import { resultTable } from './sweep-results.js';

export const RESULTS_FILE = 'results.csv';

export interface PlanOptions {
  /** As in `--set`; they win over the plan. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** By default `runs/` and the plan's file name. */
  readonly out?: string;
}

/**
 * Reads a plan and expands it: tasks × models × variants are settings, each with a folder of its own whose name changes with its config;
 * each has a run for every fold and seed. Writes nothing.
 * @throws InputError for a plan or a config that is wrong
 */
export async function planSweep(path: string, { overrides, out }: PlanOptions = {}): Promise<Sweep> {
  const plan = await readPlan(path);
  const name = basename(path).replace(/\.ya?ml$/, '');
  const settings = await planSettings(plan, path, overrides);
  const inputs = new Map<string, Awaited<ReturnType<typeof hashInputs>>>();
  const runs: SweepRun[] = [];
  for (const setting of settings) {
    const { config } = setting;
    const tables = JSON.stringify({ ...config, training: undefined, model: undefined, task: undefined });
    if (!inputs.has(tables)) inputs.set(tables, await hashInputs(config));
    const folds = await foldsOfPlan(plan, config, path);
    const folder = settingFolder(setting, folds[0].config, inputs.get(tables)!);
    const seeds = plan.seeds ?? [config.training.seed];
    const own = [undefined, ...plan.controls].flatMap((control) => planRuns(folds, seeds, control));
    const prefix = [setting.task, setting.model, setting.variant].filter((part) => part !== '');
    runs.push(
      ...own.map((run) => ({
        ...run,
        setting,
        name: [...prefix, run.folder].join('/'),
        folder: join(folder, run.folder),
      })),
    );
  }
  if (runs.length === 0)
    throw badInput({
      file: path,
      message: 'plans no run',
      remedy: 'Give it a variant of one of its models, or no variants at all',
    });
  const twice = runs.find(({ folder }, i) => runs.findIndex((other) => other.folder === folder) !== i);
  if (twice)
    throw badInput({
      file: path,
      message: `two settings are the same run (${twice.name})`,
      remedy: 'Take one of them away',
    });
  const absolute = resolve(out ?? join('runs', name));
  const jobs = runs.map((run) => ({ ...trainingJob(absolute, run), name: run.name }));
  return {
    name,
    out: absolute,
    plan,
    runs,
    jobs,
    threads: Math.max(...settings.map(({ config }) => config.training.threads!)),
  };
}

/** What a run asks of a cluster. @throws InputError where the plan does not say */
export function slurmResources({ name, plan: { slurm }, threads }: Sweep): SlurmResources {
  if (!slurm)
    throw badInput({
      file: name,
      message: "the plan has no key 'slurm'",
      remedy: 'Add slurm: {time: ...} with the limit of a run, and memory and partition where the cluster wants them',
    });
  return { cores: threads, ...slurm };
}

async function foldsOfPlan({ folds: asked, repeats }: Plan, config: Config, path: string): Promise<Fold[]> {
  const folds = await foldsOf(config, typeof asked === 'number' ? asked : undefined, repeats);
  if (!Array.isArray(asked)) return folds;
  const absent = asked.find((fold) => !folds.some((known) => known.fold === fold));
  if (absent !== undefined) {
    throw badInput({
      file: path,
      message: `'folds': there is no fold ${absent}`,
      remedy: `There is: ${[...new Set(folds.map(({ fold }) => fold))].join(', ')}`,
    });
  }
  return folds.filter(({ fold }) => asked.includes(fold));
}

/**
 * Loads each cohort of a sweep once, so that bad input is found before hundreds of runs are submitted. Returns what is to be warned of.
 * @throws InputError
 */
export async function checkCohorts({ runs }: Sweep): Promise<Problem[]> {
  const seen = new Set<string>();
  const problems = new Map<string, Problem>();
  for (const { config } of runs.map(({ setting }) => setting)) {
    const cohort = JSON.stringify({ ...config, training: undefined, model: config.model.bag });
    if (seen.has(cohort)) continue;
    seen.add(cohort);
    for (const problem of (await loadCohort(config)).problems) problems.set(problem.message, problem);
  }
  return [...problems.values()];
}

/**
 * Does the runs that are not done, and writes the table of all, also where it was stopped on the way. Failed runs are done again only
 * where `retryFailed` says so. Returns how each run stands, in their order.
 * @throws Interrupted where the signal says so (the same call goes on)
 */
export async function runSweep(
  sweep: Sweep,
  execute: Executor,
  events: JobsEvents & { readonly retryFailed: boolean },
): Promise<JobEnd[]> {
  try {
    return await runJobs(sweep.jobs, execute, events);
  } finally {
    await writeResults(sweep);
  }
}

/** Writes `results.csv`: a row for each run, done or not. */
export async function writeResults(sweep: Sweep): Promise<void> {
  await writeFileAtomic(
    join(sweep.out, RESULTS_FILE),
    await resultTable(sweep.out, sweep.runs, changedKeys(sweep.plan)),
  );
}

/** Keys of the config that the plan sets for all runs or for some. */
function changedKeys({ set, variants = {} }: Plan): string[] {
  return [
    ...new Set([...Object.keys(set), ...Object.values(variants).flatMap((variant) => Object.keys(variant))]),
  ].filter((key) => key !== 'models');
}
