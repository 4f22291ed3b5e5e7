import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { parseOverrides } from '../config/config.js';
import { MOST } from '../config/values.js';
import { counted, formatProblem } from '../files/errors.js';
import { checkPlan } from '../planning/carry-out.js';
import { jobsAtOnce, localExecutor } from '../planning/local.js';
import { jobsOf, readPlan, slurmResources, threadsOf, type Plan } from '../planning/plan.js';
import { RESULTS_FILE } from '../planning/results-table.js';
import type { Executor } from '../planning/run-jobs.js';
import { arrayScript, slurmBytes } from '../planning/slurm-script.js';
import { slurmExecutor } from '../planning/slurm.js';
import { runsToDo, statusOf, type RunStatus } from '../planning/status.js';
import { carryOutPlan, countStates, printComparison, printStatus } from './carry-out.js';
import { print, printError } from './output.js';
import { collect, count, outPath, PSEUDONYMS, SET } from './terminal.js';

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
export function defineSweep(command: Command): void {
  command
    .argument('<plan>', 'PLAN.yaml: models, tasks, folds, seeds, variants')
    .option(...SET, collect, [])
    .option(
      '--out <folder>',
      'folder of the run folders and results.csv (default: runs/ and the name of the plan)',
      outPath,
    )
    .addOption(new Option('--executor <name>', 'where the runs are done').choices(['local', 'slurm']).default('local'))
    .option('--cores <n>', 'cores that the local executor may use (default: all)', count(MOST.threads))
    .option('--dry-run', 'show what would be done or submitted, and do nothing')
    .option('--status', 'tell what is done, running, queued, stopped and failed, and why')
    .addOption(new Option('--retry <which>', 'do these runs again, too').choices(['failed']))
    .option(...PSEUDONYMS)
    .option('--json', 'print JSON')
    .action(async (path: string, flags: SweepFlags) => {
      const plan = await readPlan(path, { overrides: parseOverrides(flags.set), out: flags.out });
      if (flags.status) tell(plan, await statusOf(plan.out, jobsOf(plan)), flags);
      else if (flags.dryRun) await dryRun(plan, flags);
      else await sweep(plan, flags);
    });
}

/** Does a plan and says how its models compare. */
export async function sweep(
  plan: Plan,
  flags: Pick<SweepFlags, 'executor' | 'cores' | 'retry' | 'pseudonyms' | 'json'>,
): Promise<void> {
  const { retry, pseudonyms, json } = flags;
  const options = { retryFailed: retry === 'failed', pseudonyms };
  const done = await carryOutPlan(plan, (say) => executor(plan, flags, say), options);
  if (!done) return;
  if (json) tell(plan, done.status, flags);
  else await printComparison(plan, done);
}

function tell(plan: Plan, status: readonly RunStatus[], { json }: Pick<SweepFlags, 'json'>): void {
  if (!json) {
    printStatus(plan, status);
    return;
  }
  const { out } = plan;
  const told = { out, table: join(out, RESULTS_FILE), counts: countStates(status), runs: status };
  print(JSON.stringify(told, null, 2));
}

function executor(
  plan: Plan,
  { executor: name, cores }: Pick<SweepFlags, 'executor' | 'cores'>,
  say: (line: string) => void,
): Executor {
  if (name === 'local') return localExecutor(atOnce(plan, cores));
  return slurmExecutor({
    out: plan.out,
    name: plan.name,
    resources: slurmResources(plan),
    onSubmission: ({ job, folders }) => {
      say(`submitted as Slurm job ${job}: ${counted(folders.length, 'run')}; \`scancel ${job}\` ends what is not done`);
    },
    onQueued: (runs) => {
      say(`${counted(runs, 'run is', 'runs are')} in the queue already`);
    },
  });
}

function atOnce(plan: Plan, cores: number | undefined): number {
  const memory = plan.slurm?.memory;
  const memoryBytes = memory === undefined ? undefined : slurmBytes(memory);
  return jobsAtOnce({ threads: threadsOf(plan), memoryBytes }, cores);
}

async function dryRun(plan: Plan, flags: SweepFlags): Promise<void> {
  (await checkPlan(plan)).forEach((problem) => {
    printError(`warning: ${formatProblem(problem)}`);
  });
  const { out, name, runs } = plan;
  const open = runsToDo(await statusOf(out, jobsOf(plan)), flags.retry === 'failed');
  const how =
    flags.executor === 'local'
      ? `${atOnce(plan, flags.cores)} at once, ${counted(threadsOf(plan), 'thread')} each`
      : `sbatch would be given:\n\n${arrayScript(join(out, 'slurm', 'N'), name, Math.max(open.length, 1), slurmResources(plan))}`;
  if (flags.json) {
    print(JSON.stringify({ out, runs: open.map((run) => ({ name: run.name, folder: run.folder })), how }, null, 2));
    return;
  }
  print(`${open.length} of ${runs.length} runs would be done in ${out}:`);
  open.forEach((run) => {
    print(`  ${run.name}`);
  });
  print(how);
}
