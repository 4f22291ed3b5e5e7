import { join } from 'node:path';
import type { Command } from 'commander';
import { COMPARISON_FILE, type ComparisonFile, type TaskComparison } from '../comparison/file.js';
import { shortTables } from '../comparison/tables/build.js';
import { formatText } from '../comparison/tables/formats.js';
import { formatProblem } from '../files/errors.js';
import { carryOut } from '../planning/carry-out.js';
import { doJob } from '../planning/do-job.js';
import { STOPPED_EXIT_CODE } from '../planning/job-command.js';
import { jobsOf, type Plan } from '../planning/plan.js';
import { resultOf, RESULTS_FILE, summarise, type SettingSummary } from '../planning/results-table.js';
import type { Executor } from '../planning/run-jobs.js';
import { statusOf, type RunStatus } from '../planning/status.js';
import { COMPARISON_FILES, writeComparison } from '../report/comparison-page.js';
import { Interrupted } from '../training/train.js';
import { foldsInWords, INTERVALS, metricName, number } from '../words/comparison.js';
import { print, printError } from './output.js';
import { duration, figure, headline, interruptible, progressBar } from './terminal.js';

/** Where the runs of a plan stand after a call, and what they say. */
export interface CarriedOut {
  readonly comparison: ComparisonFile;
  readonly status: readonly RunStatus[];
}

/**
 * Does the runs of a plan, reports them on standard error, and writes how its models compare. The exit code is 1 where a run failed or was
 * stopped. Undefined where Ctrl-C ended it.
 * @param execute is given a function that says a line
 */
export async function carryOutPlan(
  plan: Plan,
  execute: (say: (line: string) => void) => Executor,
  {
    retryFailed,
    pseudonyms,
    signal: other,
  }: { readonly retryFailed: boolean; readonly pseudonyms: string | undefined; readonly signal?: AbortSignal },
): Promise<CarriedOut | undefined> {
  const bar = progressBar('runs');
  const say = (line: string) => {
    bar.clear();
    printError(line);
  };
  let left = '';
  try {
    const comparison = await interruptible((signal) =>
      carryOut(plan, execute(say), {
        retryFailed,
        signal: other ? AbortSignal.any([signal, other]) : signal,
        onWarning(problem) {
          say(`warning: ${formatProblem(problem)}`);
        },
        onProgress({ done, of, job, progress, secondsLeft }) {
          left = secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
          const epoch = Math.min(Math.floor(progress.done) + 1, progress.of);
          bar.update(done, of, `${job.name}, epoch ${epoch}/${progress.of}${left}`);
        },
        onPatient(done, of) {
          bar.update(done, of, 'patients: slides read for the simple models');
        },
        async onEnd(job, { outcome, message }, seconds) {
          const result = outcome === 'done' ? await resultOf(job) : undefined;
          const what = result ? headlineOf(result.metrics) : message === undefined ? outcome : `${outcome}, ${message}`;
          say(`${job.name}: ${what} (${duration(seconds)}${left})`);
        },
      }),
    );
    bar.clear();
    await writeComparison(plan.out, comparison, pseudonyms);
    const status = await statusOf(plan.out, jobsOf(plan));
    // What another process or the cluster is doing has not failed.
    if (status.some(({ state }) => state === 'failed' || state === 'stopped' || state === 'waiting'))
      process.exitCode = 1;
    return { comparison, status };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    say(`${error.message}. The same command goes on from here.`);
    process.exitCode = 1;
    return undefined;
  } finally {
    bar.clear();
  }
}

function headlineOf(metrics: Parameters<typeof headline>[0]): string {
  const [label, metric] = headline(metrics);
  return `${label} ${figure(metric)}`;
}

/** The tables of every task, and where each run stands. */
export async function printComparison(plan: Plan, { comparison, status }: CarriedOut): Promise<void> {
  const settings = new Set(plan.runs.map(({ setting }) => setting));
  if (settings.size > 1) print(`${formatText(summaryTable(await summarise(plan)))}\n`);
  for (const task of comparison.tasks) {
    print(`${meansInWords(task)}\n`);
    for (const table of shortTables(task)) print(`${typeof table === 'string' ? table : formatText(table)}\n`);
  }
  printStatus(plan, status);
}

function meansInWords({ folds, seeds, bootstrap }: TaskComparison): string {
  const ofSeeds = seeds.length > 1 ? ` and ${seeds.length} seeds` : '';
  return `Means over ${foldsInWords(folds)}${ofSeeds} on test patients, never pooled; intervals are ${INTERVALS}, of ${bootstrap.units}.`;
}

function summaryTable(settings: readonly SettingSummary[]) {
  const rows = settings.map(({ name, done, of, metric, spread }) => {
    const value =
      spread === undefined
        ? 'not computed'
        : `${metricName(metric)} ${number(spread.mean)} (${number(spread.least)} to ${number(spread.most)})`;
    return [name, `${done}/${of}`, value];
  });
  return { header: ['', 'runs', 'mean over folds and seeds (least to most)'], rows };
}

const STATES = ['done', 'running', 'queued', 'waiting', 'stopped', 'failed'] as const;

/** How many runs stand in each state. */
export function countStates(status: readonly RunStatus[]): Record<(typeof STATES)[number], number> {
  const of = (state: (typeof STATES)[number]) => status.filter((run) => run.state === state).length;
  return {
    done: of('done'),
    running: of('running'),
    queued: of('queued'),
    waiting: of('waiting'),
    stopped: of('stopped'),
    failed: of('failed'),
  };
}

export function printStatus({ out }: Plan, status: readonly RunStatus[]): void {
  const counts = countStates(status);
  status.forEach(({ name, state, detail }) => {
    if (state !== 'done' && state !== 'waiting') print(`${name}: ${state}${detail === '' ? '' : `, ${detail}`}`);
  });
  const counted = STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  print(counted.join(', '));
  if (counts.failed > 0) print('--retry failed does the failed ones again.');
  const files = [RESULTS_FILE, COMPARISON_FILE, ...COMPARISON_FILES].map((name) => join(out, name));
  print(`${files.join('\n')}\nResearch software. Not a medical device.`);
}

/** `subspace run-planned FOLDER`: what the executors start, here or on a node of a cluster. Hidden; a user starts `sweep`. */
export function defineRunPlanned(command: Command): void {
  command.argument('<folder>', 'folder that `subspace sweep` planned').action(async (folder: string) => {
    const { outcome, message } = await interruptible((signal) =>
      doJob(folder, {
        signal,
        onWarning: (problem) => {
          printError(`warning: ${formatProblem(problem)}`);
        },
      }),
    );
    printError(`${new Date().toISOString()} ${folder}: ${outcome}${message === undefined ? '' : `: ${message}`}`);
    if (outcome !== 'done') process.exitCode = outcome === 'failed' ? 1 : STOPPED_EXIT_CODE;
  });
}
