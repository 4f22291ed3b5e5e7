import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { formatText, metricName, shortTables } from '../comparison/tables/index.js';
import { parseOverrides } from '../config/config.js';
import { counted, formatProblem } from '../files/errors.js';
import { jobsAtOnce, localExecutor } from '../planning/local.js';
import type { Executor } from '../planning/run-jobs.js';
import type { Sweep } from '../planning/settings.js';
import { arrayScript, slurmBytes } from '../planning/slurm-script.js';
import { slurmExecutor } from '../planning/slurm.js';
import { comparedTask, compareSweep, COMPARISON_FILE } from '../planning/sweep-comparison.js';
import { summarise, type SettingSummary } from '../planning/sweep-results.js';
import { runsToDo, sweepStatus, type RunStatus } from '../planning/sweep-status.js';
import { checkCohorts, planSweep, RESULTS_FILE, runSweep, slurmResources } from '../planning/sweep.js';
import { COMPARISON_FILES, writeComparison } from '../report/comparison-page.js';
import { Interrupted } from '../training/train.js';
import { collect, count, PSEUDONYMS, SET } from './options.js';
import { duration, interruptible, progressBar } from './terminal.js';

interface SweepFlags {
  readonly set: string[];
  readonly out?: string;
  readonly executor: 'local' | 'slurm';
  readonly cores?: number;
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly retry?: 'failed';
  readonly pseudonyms?: string;
  readonly json?: boolean;
}

/** `subspace sweep PLAN.yaml`: many configurations over folds and seeds, on this machine or on a Slurm cluster. */
export function addSweepCommand(program: Command): void {
  program
    .command('sweep')
    .description(
      'train many configurations over folds and seeds, here or on a Slurm cluster; the same command goes on where it was stopped',
    )
    .argument('<plan>', 'PLAN.yaml: models, tasks, folds, seeds, variants')
    .option(...SET, collect, [])
    .option('--out <folder>', 'folder of the run folders and results.csv (default: runs/ and the name of the plan)')
    .addOption(new Option('--executor <name>', 'where the runs are done').choices(['local', 'slurm']).default('local'))
    .option('--cores <n>', 'cores that the local executor may use (default: all)', count)
    .option('--dry-run', 'show what would be done or submitted, and do nothing')
    .option('--status', 'tell what is done, running, queued, stopped and failed, and why')
    .addOption(new Option('--retry <which>', 'do these runs again, too').choices(['failed']))
    .option(...PSEUDONYMS)
    .option('--json', 'print JSON')
    .action(async (path: string, flags: SweepFlags) => {
      const sweep = await planSweep(path, { overrides: parseOverrides(flags.set), out: flags.out });
      if (flags.status) printStatus(sweep, await sweepStatus(sweep), flags.json ?? false);
      else if (flags.dryRun) await dryRun(sweep, flags);
      else await runAndCompare(sweep, flags);
    });
}

/** Does a sweep and says how its models compare. */
export async function runAndCompare(
  sweep: Sweep,
  flags: Pick<SweepFlags, 'executor' | 'cores' | 'retry' | 'pseudonyms' | 'json'>,
): Promise<void> {
  const bar = progressBar('runs');
  const say = (line: string) => {
    bar.clear();
    console.error(line);
  };
  (await checkCohorts(sweep)).forEach((problem) => {
    say(`warning: ${formatProblem(problem)}`);
  });
  const execute = executor(sweep, flags, say);
  try {
    await interruptible((signal) =>
      runSweep(sweep, execute, {
        retryFailed: flags.retry === 'failed',
        signal,
        onProgress: ({ done, of, job, progress, secondsLeft }) => {
          const left = secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
          bar.update(
            done,
            of,
            `${job.name}, epoch ${Math.min(Math.floor(progress.done) + 1, progress.of)}/${progress.of}${left}`,
          );
        },
        onEnd: ({ name }, { outcome, message }, seconds) => {
          say(`${name}: ${outcome}${message === undefined ? '' : `, ${message}`} (${duration(seconds)})`);
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    say(`${error.message}. The same command goes on from here.`);
    process.exitCode = 1;
    return;
  } finally {
    bar.clear();
  }
  const status = await sweepStatus(sweep);
  // What another process or the cluster is doing has not failed.
  if (status.some(({ state }) => state === 'failed' || state === 'stopped' || state === 'waiting'))
    process.exitCode = 1;
  const tasks = (await compareSweep(sweep)).map(comparedTask);
  await writeComparison(sweep.out, sweep.name, tasks, flags.pseudonyms);
  if (!flags.json) {
    console.log(`${formatText(summaryTable(await summarise(sweep)))}\n`);
    for (const table of tasks.flatMap(shortTables))
      console.log(`${typeof table === 'string' ? table : formatText(table)}\n`);
  }
  printStatus(sweep, status, flags.json ?? false);
}

function executor(
  sweep: Sweep,
  { executor: name, cores }: Pick<SweepFlags, 'executor' | 'cores'>,
  say: (line: string) => void,
): Executor {
  if (name === 'local') return localExecutor(atOnce(sweep, cores));
  return slurmExecutor({
    out: sweep.out,
    name: sweep.name,
    resources: slurmResources(sweep),
    onSubmission: ({ job, folders }) => {
      say(`submitted as Slurm job ${job}: ${counted(folders.length, 'run')}; \`scancel ${job}\` ends what is not done`);
    },
    onQueued: (runs) => {
      say(`${counted(runs, 'run is', 'runs are')} in the queue already`);
    },
  });
}

function atOnce({ threads, plan }: Sweep, cores: number | undefined): number {
  const memory = plan.slurm?.memory;
  return jobsAtOnce({ threads, memoryBytes: memory === undefined ? undefined : slurmBytes(memory) }, cores);
}

async function dryRun(sweep: Sweep, flags: SweepFlags): Promise<void> {
  (await checkCohorts(sweep)).forEach((problem) => {
    console.error(`warning: ${formatProblem(problem)}`);
  });
  const open = runsToDo(await sweepStatus(sweep), flags.retry === 'failed');
  const how =
    flags.executor === 'local'
      ? `${atOnce(sweep, flags.cores)} at once, ${counted(sweep.threads, 'thread')} each`
      : `sbatch would be given:\n\n${arrayScript(join(sweep.out, 'slurm', 'N'), sweep.name, Math.max(open.length, 1), slurmResources(sweep))}`;
  if (flags.json) {
    console.log(
      JSON.stringify({ out: sweep.out, runs: open.map(({ name, folder }) => ({ name, folder })), how }, null, 2),
    );
    return;
  }
  console.log(`${open.length} of ${sweep.runs.length} runs would be done in ${sweep.out}:`);
  open.forEach(({ name }) => {
    console.log(`  ${name}`);
  });
  console.log(how);
}

const STATES = ['done', 'running', 'queued', 'waiting', 'stopped', 'failed'] as const;

function printStatus({ out }: Sweep, status: readonly RunStatus[], json: boolean): void {
  const counts = Object.fromEntries(STATES.map((state) => [state, status.filter((run) => run.state === state).length]));
  if (json) {
    console.log(JSON.stringify({ out, table: join(out, RESULTS_FILE), counts, runs: status }, null, 2));
    return;
  }
  status.forEach(({ name, state, detail }) => {
    if (state !== 'done' && state !== 'waiting') console.log(`${name}: ${state}${detail === '' ? '' : `, ${detail}`}`);
  });
  console.log(
    STATES.filter((state) => counts[state] > 0)
      .map((state) => `${counts[state]} ${state}`)
      .join(', '),
  );
  if (counts['failed'] > 0) console.log('--retry failed does the failed ones again.');
  console.log(
    `${join(out, RESULTS_FILE)}\n${[COMPARISON_FILE, ...COMPARISON_FILES].map((name) => join(out, name)).join('\n')}\nResearch software. Not a medical device.`,
  );
}

function summaryTable(settings: readonly SettingSummary[]) {
  const rows = settings.map(({ name, done, of, metric, mean, least, most }) => {
    const value =
      mean === undefined
        ? 'not computed'
        : `${metricName(metric)} ${mean.toFixed(3)} (${least!.toFixed(3)} to ${most!.toFixed(3)})`;
    return [name, `${done}/${of}`, value];
  });
  return { header: ['', 'runs', 'mean over folds and seeds (least to most)'], rows };
}
