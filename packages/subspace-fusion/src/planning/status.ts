import { InputError, WorkError } from '../files/errors.js';
import { jobProgress, jobState } from './job-state.js';
import type { Job } from './job.js';
import { holderName } from '../files/lock.js';
import { queue, readSubmissions, tasksByFolder, type QueuedTask } from './slurm-script.js';

/** Where a run of a plan, or an extraction, stands. `stopped` ones go on with the next call, `failed` ones where it retries. */
export interface RunStatus {
  readonly name: string;
  readonly folder: string;
  readonly state: 'done' | 'running' | 'queued' | 'waiting' | 'stopped' | 'failed';
  /** Where it runs and how far it is, what it waits for, or why it ended. */
  readonly detail: string;
}

/** Where each run stands, from the folders and, where runs were submitted, from Slurm's queue. Writes nothing. */
export async function statusOf(out: string, jobs: readonly Job[]): Promise<RunStatus[]> {
  const tasks = tasksByFolder(await readSubmissions(out));
  const queued = tasks.size > 0 ? await queueIfThere() : new Map<string, QueuedTask>();
  return Promise.all(
    jobs.map(async (job) => ({
      name: job.name,
      folder: job.folder,
      ...(await statusOfJob(job, tasks.get(job.folder), queued)),
    })),
  );
}

async function statusOfJob(
  job: Job,
  task: string | undefined,
  queued: ReadonlyMap<string, QueuedTask>,
): Promise<Pick<RunStatus, 'state' | 'detail'>> {
  const state = await jobState(job.folder);
  if (state.state === 'done') return { state: 'done', detail: '' };
  if (state.state === 'running') {
    const { done, of } = await jobProgress(job.folder, job.request);
    const epoch = job.request.kind === 'training' ? `, epoch ${Math.min(done + 1, of)}/${of}` : '';
    return { state: 'running', detail: holderName(state.holder) + epoch };
  }
  const inQueue = task === undefined ? undefined : queued.get(task);
  if (inQueue)
    return {
      state: 'queued',
      detail: `Slurm task ${task}: ${inQueue.state}${inQueue.reason === 'None' ? '' : `, ${inQueue.reason}`}`,
    };
  return { state: state.state, detail: 'message' in state ? state.message : '' };
}

/** The runs that would be done now. */
export function runsToDo(status: readonly RunStatus[], retryFailed: boolean): RunStatus[] {
  return status.filter(
    ({ state }) => state === 'waiting' || state === 'stopped' || (state === 'failed' && retryFailed),
  );
}

/** On a machine without Slurm, or with a controller that does not answer, the folders tell what they can. */
async function queueIfThere(): Promise<Map<string, QueuedTask>> {
  return queue().catch((error: unknown) => {
    if (error instanceof InputError || error instanceof WorkError) return new Map<string, QueuedTask>();
    throw error;
  });
}
