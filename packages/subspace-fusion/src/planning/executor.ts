import type { Problem } from '../cohort/index.js';
import type { Encoder } from '../slides/index.js';
import { Interrupted } from '../training/train.js';
import { doJob, type JobContext } from './do-job.js';
import type { Job, JobEnd, JobProgress } from './job.js';

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
