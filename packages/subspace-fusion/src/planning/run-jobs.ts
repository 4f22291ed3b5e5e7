import { join } from 'node:path';
import { InputError, required, type Problem } from '../files/errors.js';
import { acquireLock } from '../files/lock.js';
import { MachineError } from '../files/system-errors.js';
import { toldError } from '../files/unforeseen.js';
import type { Encoder } from '../slides/encoder.js';
import { Interrupted } from '../training/train.js';
import { doJob } from './do-job.js';
import { jobState } from './job-state.js';
import { JOB_FILES, writeRequest, type Job, type JobContext, type JobEnd, type JobProgress } from './job.js';

export interface ExecutorEvents {
  /** Ends the execution: running jobs are stopped so that they can be gone on with. */
  readonly signal?: AbortSignal;
  readonly onWarning?: (problem: Problem) => void;
  readonly onProgress?: (job: Job, progress: JobProgress) => void;
  readonly onEnd?: (job: Job, end: JobEnd, seconds: number) => void | Promise<void>;
}

/**
 * Does jobs whose requests are in their folders, and says of each how it ended. One that fails leaves the others alone.
 * @throws Interrupted where the signal says so
 */
export type Executor = (jobs: readonly Job[], events: ExecutorEvents) => Promise<void>;

/** One job after the other, in this process. */
export const inProcess: Executor = (jobs, events) => oneByOne(jobs, events, {});

/** The same for extractions, with an encoder that is open already and stays so: opening one may take longer than a slide. */
export function inProcessWith(encoder: Encoder): Executor {
  return (jobs, events) => oneByOne(jobs, events, { encoder });
}

async function oneByOne(
  jobs: readonly Job[],
  { signal, onWarning, onProgress, onEnd }: ExecutorEvents,
  own: Pick<JobContext, 'encoder'>,
): Promise<void> {
  for (const job of jobs) {
    const started = performance.now();
    const end = await doJob(job.folder, {
      ...own,
      signal,
      onWarning,
      onProgress: (progress) => onProgress?.(job, progress),
    });
    if (end.outcome === 'stopped') throw new Interrupted(`${job.name}: stopped`);
    await onEnd?.(job, end, (performance.now() - started) / 1000);
  }
}

export interface JobsProgress {
  /** Jobs that have ended in this call, of those it has to do. */
  readonly done: number;
  readonly of: number;
  /** A job that runs, and how far it is. */
  readonly job: Job;
  readonly progress: JobProgress;
  /** At the speed so far; undefined at the very start. */
  readonly secondsLeft: number | undefined;
}

export interface JobsEvents {
  readonly signal?: AbortSignal;
  readonly onWarning?: (problem: Problem) => void;
  readonly onProgress?: (progress: JobsProgress) => void;
  readonly onEnd?: (job: Job, end: JobEnd, seconds: number) => void | Promise<void>;
}

/**
 * Gives the jobs that are not done to an executor, each with its request in its folder. Failed ones are done again only where
 * `retryFailed` says so. Returns how each job stands afterwards, in their order.
 * @throws Interrupted where the signal says so
 */
export async function runJobs(
  jobs: readonly Job[],
  execute: Executor,
  { retryFailed, ...events }: JobsEvents & { readonly retryFailed: boolean },
): Promise<JobEnd[]> {
  const ends = new Map<Job, JobEnd>();
  const toDo: Job[] = [];
  for (const job of jobs) {
    const state = await jobState(job.folder);
    if (state.state === 'done') {
      await tidy(job.folder);
      ends.set(job, { outcome: 'done' });
    } else if (state.state === 'failed' && !retryFailed)
      ends.set(job, { outcome: 'failed', message: state.message, badInput: state.badInput });
    else toDo.push(job);
  }
  const reports = withTimeLeft(toDo.length, {
    onProgress: events.onProgress,
    onEnd(job, end, seconds) {
      ends.set(job, end);
      return events.onEnd?.(job, end, seconds);
    },
  });
  const placed: Job[] = [];
  for (const job of toDo) {
    try {
      await writeRequest(job);
      placed.push(job);
    } catch (error) {
      const told = toldError(error);
      if (told instanceof MachineError) throw told;
      await reports.onEnd(job, { outcome: 'failed', message: told.message, badInput: told instanceof InputError }, 0);
    }
  }
  await execute(placed, { signal: events.signal, onWarning: events.onWarning, ...reports });
  return jobs.map((job) => ends.get(job) ?? { outcome: 'stopped' });
}

/** Removes what a process left in a job's folder that was killed after the result was written. */
async function tidy(folder: string): Promise<void> {
  const taken = await acquireLock(join(folder, JOB_FILES.lock)).catch(() => undefined); // a folder of which one only reads is well, too
  if (taken && 'lock' in taken) await taken.lock.release();
}

/** Reports progress with the time left, at the speed of what this call did itself: a job that was resumed began where it stood. */
function withTimeLeft(
  of: number,
  { onProgress, onEnd }: Pick<JobsEvents, 'onProgress' | 'onEnd'>,
): Required<Pick<ExecutorEvents, 'onProgress' | 'onEnd'>> {
  const started = performance.now();
  const begun = new Map<Job, number>();
  const now = new Map<Job, number>();
  const ended = new Set<Job>();
  return {
    onProgress(job, progress) {
      if (ended.has(job)) return; // it ended while its progress was read
      const part = progress.done / progress.of;
      if (!begun.has(job)) begun.set(job, part);
      now.set(job, part);
      const work = [...now].reduce((sum, [own, to]) => sum + to - required(begun, own), 0);
      const left = of - [...now.values()].reduce((sum, to) => sum + to, 0);
      const secondsLeft = work > 0 ? ((performance.now() - started) / 1000 / work) * left : undefined;
      onProgress?.({ done: ended.size, of, job, progress, secondsLeft });
    },
    onEnd(job, end, seconds) {
      ended.add(job);
      begun.set(job, begun.get(job) ?? 0);
      now.set(job, 1);
      return onEnd?.(job, end, seconds);
    },
  };
}
