import type { Problem } from '../cohort/index.js';
import { Interrupted } from '../training/train.js';
import { doJob } from './do-job.js';
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
export const inProcess: Executor = async (jobs, { signal, onWarning, onProgress, onEnd }) => {
  for (const job of jobs) {
    const started = performance.now();
    const end = await doJob(job.folder, { signal, onWarning, onProgress: (progress) => onProgress?.(job, progress) });
    if (end.outcome === 'stopped') throw new Interrupted(`${job.name}: stopped`);
    await onEnd?.(job, end, (performance.now() - started) / 1000);
  }
};
