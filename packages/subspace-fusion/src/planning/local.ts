import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { counted, InputError } from '../files/errors.js';
import { Interrupted } from '../training/train.js';
import { noteEnd } from './do-job.js';
import { jobProgress, jobState } from './job-state.js';
import { holderName } from '../files/lock.js';
import { jobCommand, STOPPED_EXIT_CODE } from './job-command.js';
import { JOB_FILES, type Job, type JobEnd } from './job.js';
import type { Executor, ExecutorEvents } from './run-jobs.js';

/** What a job takes of a machine. */
export interface Needs {
  readonly threads: number;
  readonly memoryBytes?: number | undefined;
}

const POLL_MILLISECONDS = 1000;

/**
 * Jobs that this machine can do at once without sharing a core: threads a job × jobs ≤ cores, and their memory, where it is known.
 * @throws InputError where not even one fits
 */
export function jobsAtOnce(
  { threads, memoryBytes }: Needs,
  cores = availableParallelism(),
  memory = totalmem(),
): number {
  if (threads > cores)
    throw new InputError(
      `A run is given ${counted(threads, 'thread')}, and there are ${cores} cores for it here. Lower its threads, or use a larger machine.`,
    );
  if (memoryBytes !== undefined && memoryBytes > memory)
    throw new InputError(
      `A run is given ${gigabytes(memoryBytes)}, and this machine has ${gigabytes(memory)}. Lower its memory (slurm.memory, or --memory), or use a larger machine.`,
    );
  return Math.min(Math.floor(cores / threads), memoryBytes === undefined ? Infinity : Math.floor(memory / memoryBytes));
}

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB of memory`;

/**
 * A process for each job, as many at once as the machine's cores allow; what they print is in the job's folder. Several machines may do
 * the same jobs: each takes what no other has.
 */
export function localExecutor(atOnce: number): Executor {
  return async (jobs, events) => {
    const waiting = [...jobs];
    const running = new Set<Job>();
    const worker = async () => {
      for (let job = waiting.shift(); job && !events.signal?.aborted; job = waiting.shift()) {
        running.add(job);
        await doUnlessTaken(job, events);
        running.delete(job);
      }
    };
    const timer = setInterval(() => void reportProgress(running, events).catch(() => undefined), POLL_MILLISECONDS);
    try {
      await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, worker));
    } finally {
      clearInterval(timer);
    }
    if (events.signal?.aborted) throw new Interrupted('the runs were stopped');
  };
}

async function reportProgress(running: ReadonlySet<Job>, { onProgress }: ExecutorEvents): Promise<void> {
  for (const job of running) onProgress?.(job, await jobProgress(job.folder, job.request));
}

async function doUnlessTaken(job: Job, events: ExecutorEvents): Promise<void> {
  const { state } = await jobState(job.folder);
  if (state === 'running' || state === 'done') await events.onEnd?.(job, await endOf(job, 0, null), 0);
  else await doInProcessOfItsOwn(job, events);
}

async function doInProcessOfItsOwn(job: Job, { signal, onEnd }: ExecutorEvents): Promise<void> {
  const started = performance.now();
  const log = await open(join(job.folder, JOB_FILES.log), 'a');
  const [program, ...args] = jobCommand(job.folder);
  const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd] });
  const stop = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  signal?.removeEventListener('abort', stop);
  await log.close();
  const end = await endOf(job, code, killedBy);
  if (!signal?.aborted || end.outcome === 'done' || end.outcome === 'failed')
    await onEnd?.(job, end, (performance.now() - started) / 1000);
}

/** How a job stands after its process has ended. */
async function endOf({ folder }: Job, code: number | null, killedBy: NodeJS.Signals | null): Promise<JobEnd> {
  if (killedBy !== null)
    await noteEnd(folder, {
      outcome: 'stopped',
      message: `ended by ${killedBy}${killedBy === 'SIGKILL' ? ', perhaps for want of memory' : ''}`,
    });
  else if (code !== 0 && code !== STOPPED_EXIT_CODE)
    // Most often it has noted why itself, which stays.
    await noteEnd(folder, {
      outcome: 'failed',
      message: `ended with exit code ${code}; ${join(folder, JOB_FILES.log)} says why`,
    });
  const state = await jobState(folder);
  switch (state.state) {
    case 'done':
      return { outcome: 'done' };
    case 'running':
      return { outcome: 'busy', message: `is being done by ${holderName(state.holder)}` };
    case 'waiting':
      return { outcome: 'failed', message: `could not begin; see ${join(folder, JOB_FILES.log)}` };
    default: {
      const { state: outcome, ...why } = state;
      return { outcome, ...why };
    }
  }
}
