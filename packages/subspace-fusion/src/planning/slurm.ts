import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { counted, required, WorkError } from '../files/errors.js';
import { Interrupted } from '../training/train.js';
import { readAttempts } from './attempts.js';
import { noteEnd } from './do-job.js';
import { jobProgress, jobState } from './job-state.js';
import type { Job, JobEnd } from './job.js';
import { acquireLock, holderName } from '../files/lock.js';
import type { Executor, ExecutorEvents } from './run-jobs.js';
import {
  endedTask,
  queue,
  readSubmissions,
  submitFolders,
  tasksByFolder,
  type EndedTask,
  type SlurmResources,
  type Submission,
} from './slurm-script.js';

export interface SlurmOptions {
  /** Folder of the sweep, or of the feature files; `slurm/` in it holds what was submitted. */
  readonly out: string;
  readonly name: string;
  readonly resources: SlurmResources;
  readonly onSubmission?: (submission: Submission) => void;
  /** So many runs are in the queue already. */
  readonly onQueued?: (runs: number) => void;
}

/** The queue is asked so often at first, and ever less often: its controller serves a whole cluster. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
/** A controller that restarts is waited for so long. */
const PATIENCE = 600_000;

/**
 * Submits jobs as an array to the Slurm cluster that this machine belongs to, and follows them until they have ended. Jobs that are
 * in the queue already are followed, not submitted again; where the signal ends the following, they go on.
 */
export function slurmExecutor(options: SlurmOptions): Executor {
  return async (jobs, events) => {
    if (jobs.length === 0) return;
    await submitWhatIsNotQueued(jobs, options);
    await follow(jobs, options, events);
  };
}

async function submitWhatIsNotQueued(
  jobs: readonly Job[],
  { out, name, resources, onSubmission, onQueued }: SlurmOptions,
): Promise<void> {
  const taken = await acquireLock(join(out, 'submit.lock'));
  if ('holder' in taken)
    throw new WorkError(`${out}: is being submitted by ${holderName(taken.holder)}. Wait for it, and run this again.`);
  try {
    const queued = await queue();
    const tasks = tasksByFolder(await readSubmissions(out));
    const folders = jobs.map(({ folder }) => folder).filter((folder) => !queued.has(tasks.get(folder) ?? ''));
    if (folders.length < jobs.length) onQueued?.(jobs.length - folders.length);
    for (const submission of await submitFolders(out, name, folders, resources)) onSubmission?.(submission);
  } finally {
    await taken.lock.release();
  }
}

async function follow(jobs: readonly Job[], { out }: SlurmOptions, events: ExecutorEvents): Promise<void> {
  const tasks = tasksByFolder(await readSubmissions(out));
  const open = new Set(jobs);
  const missed = new Set<Job>();
  let answered = Date.now();
  for (let wait = FIRST_PAUSE; open.size > 0; wait = Math.min(wait * 1.2, LONGEST_PAUSE)) {
    await pause(wait, undefined, { signal: events.signal }).catch(() => undefined);
    if (events.signal?.aborted)
      throw new Interrupted(`${out}: no longer followed; Slurm goes on with ${counted(open.size, 'run')}`);
    const queued = await queue().catch((error: unknown) => {
      if (error instanceof WorkError && Date.now() - answered < PATIENCE) return undefined;
      throw error;
    });
    if (queued === undefined) continue;
    answered = Date.now();
    for (const job of open) {
      const task = required(tasks, job.folder);
      const inQueue = queued.get(task);
      if (inQueue) {
        missed.delete(job);
        if (inQueue.state === 'RUNNING') events.onProgress?.(job, await jobProgress(job.folder, job.request));
        continue;
      }
      // What a node wrote last may take a moment to be seen here.
      const end = await endOf(job, task, missed.has(job));
      if (end === undefined) missed.add(job);
      else {
        open.delete(job);
        await events.onEnd?.(job, end, await secondsOf(job));
      }
    }
  }
}

/** How a job stands whose task has left the queue; undefined where that is to be asked again. `final`: it is not asked again. */
async function endOf({ folder }: Job, task: string, final: boolean): Promise<JobEnd | undefined> {
  const state = await jobState(folder, (holder) => holder.slurm === task);
  if (state.state === 'done') return { outcome: 'done' };
  const last = (await readAttempts(folder)).at(-1);
  if (state.state === 'failed' && last?.slurm === task)
    return { outcome: 'failed', message: state.message, badInput: state.badInput };
  if (!final) return undefined;
  if (state.state === 'running') return { outcome: 'busy', message: `is being done by ${holderName(state.holder)}` };
  const end = inWords(task, await endedTask(task));
  await noteEnd(folder, end, task);
  return end;
}

function inWords(task: string, ended: EndedTask | undefined): { outcome: 'stopped' | 'failed'; message: string } {
  const { state, exitCode } = ended ?? { state: 'of unknown end', exitCode: '?' };
  const said = `Slurm task ${task}: ${state}`;
  switch (state) {
    case 'TIMEOUT':
      return {
        outcome: 'stopped',
        message: `${said}, over its time limit before it could stop by itself. Raise slurm.time, or --time`,
      };
    case 'OUT_OF_MEMORY':
      return { outcome: 'failed', message: `${said}. Raise slurm.memory, or --memory` };
    case 'FAILED':
    case 'COMPLETED':
      return {
        outcome: 'failed',
        message: `${said} without a result, exit code ${exitCode}; its log is in the folder slurm`,
      };
    default:
      return { outcome: 'stopped', message: said };
  }
}

/** What all attempts at a job took. */
async function secondsOf({ folder }: Job): Promise<number> {
  return (await readAttempts(folder)).reduce((sum, { seconds = 0 }) => sum + seconds, 0);
}
