import { join } from 'node:path';
import { InputError } from '../files/errors.js';
import { acquireLock, holderName } from '../files/lock.js';
import { MachineError } from '../files/system-errors.js';
import { toldError } from '../files/unforeseen.js';
import { Interrupted } from '../training/train.js';
import { beginAttempt, readAttempts, writeAttempts, type Attempt } from './attempts.js';
import { isDone, jobProgress } from './job-state.js';
import { JOB_FILES, readRequest, type JobContext, type JobEnd, type JobRequest } from './job.js';
import { doTraining } from './training-job.js';

/**
 * Does the job of a folder, from where an earlier attempt left it, and notes in the folder how that went. A job that is done is left
 * alone; a job that another process is doing is `busy`.
 * @throws InputError where the folder is no job's; MachineError where the disk is full, say: the job is then stopped, not failed
 */
export async function doJob(folder: string, context: JobContext = {}): Promise<JobEnd> {
  const request = await readRequest(folder);
  const taken = await acquireLock(join(folder, JOB_FILES.lock));
  if ('holder' in taken) return { outcome: 'busy', message: `is being done by ${holderName(taken.holder)}` };
  try {
    if (await isDone(folder)) return { outcome: 'done' };
    return await attempt(folder, request, context, taken.lock.lost);
  } finally {
    await taken.lock.release();
  }
}

async function attempt(folder: string, request: JobRequest, context: JobContext, lost: AbortSignal): Promise<JobEnd> {
  const before = await readAttempts(folder);
  const begun = beginAttempt();
  const started = performance.now();
  await writeAttempts(folder, [...before, begun]);
  let end: JobEnd;
  try {
    await work(folder, request, {
      ...context,
      signal: context.signal ? AbortSignal.any([context.signal, lost]) : lost,
    });
    end = { outcome: 'done' };
  } catch (error) {
    const told = toldError(error);
    end =
      told instanceof Interrupted
        ? { outcome: 'stopped' }
        : { outcome: 'failed', message: told.message, badInput: told instanceof InputError };
    if (told instanceof MachineError && !lost.aborted) {
      // Neither the job's fault nor one that other jobs would not have: it is gone on with when the machine is mended.
      await writeAttempts(folder, [...before, { ...begun, outcome: 'stopped', message: told.message }]).catch(
        () => undefined,
      );
      throw told;
    }
  }
  if (lost.aborted)
    return { outcome: 'busy', message: 'another process took it over, because this one was not heard of' };
  const { done } = await jobProgress(folder, request);
  if (end.outcome === 'stopped' && standsStill([...before, { ...begun, progress: done }]))
    end = { outcome: 'failed', message: STANDS_STILL };
  const seconds = (performance.now() - started) / 1000;
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  await writeAttempts(folder, [...before, { ...begun, ...end, seconds, peakMemoryBytes, progress: done } as Attempt]);
  return end;
}

/** Adding a kind of job is adding a case here and to {@link jobProgress}. */
async function work(folder: string, request: JobRequest, context: JobContext): Promise<void> {
  switch (request.kind) {
    case 'training':
      return doTraining(folder, request.config, context);
    case 'extraction': {
      const { doExtraction } = await import('./extraction-job.js'); // trainings need no image library
      return doExtraction(folder, request, context);
    }
  }
}

const STANDS_STILL =
  'it was stopped twice in a row before one epoch, or slide, was done. Give it more time (slurm.time, or --time), or more cores';

/** Whether Slurm stopped a task at the same place in two turns: requeueing it once more would lead nowhere. */
function standsStill(attempts: readonly Pick<Attempt, 'slurm' | 'progress'>[]): boolean {
  const [before, last] = [attempts.at(-2), attempts.at(-1)];
  return before?.slurm !== undefined && before.slurm === last?.slurm && before.progress === last.progress;
}

/**
 * Notes how a job ended that could not do so itself, because it was killed or never began. What an attempt said itself stays.
 * @param task the Slurm task that has ended, where it was one
 */
export async function noteEnd(
  folder: string,
  end: { readonly outcome: 'stopped' | 'failed'; readonly message: string },
  task?: string,
): Promise<void> {
  const taken = await acquireLock(
    join(folder, JOB_FILES.lock),
    (holder) => task !== undefined && holder.slurm === task,
  );
  if ('holder' in taken) return;
  try {
    if (await isDone(folder)) return;
    const attempts = await readAttempts(folder);
    const last = attempts.at(-1);
    if (last === undefined || last.slurm !== task)
      await writeAttempts(folder, [...attempts, { ...beginAttempt(), slurm: task, ...end }]);
    else if (last.message === undefined) await writeAttempts(folder, [...attempts.slice(0, -1), { ...last, ...end }]);
  } finally {
    await taken.lock.release();
  }
}
