import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeJson } from '../runs/run-folder.js';
import { VERSION } from '../version.js';
import { arrayTask, JOB_FILES, readWholeJson, type JobEnd } from './job.js';

/** One attempt at a job. Without an `outcome` it is under way, or was ended without a word. */
export interface Attempt {
  /** ISO 8601. */
  readonly started: string;
  readonly host: string;
  readonly pid: number;
  /** The task of a Slurm job array, `123_4`. */
  readonly slurm?: string | undefined;
  readonly version: string;
  readonly outcome?: Exclude<JobEnd['outcome'], 'busy'>;
  readonly message?: string;
  readonly badInput?: boolean;
  readonly seconds?: number;
  /** Highest resident memory of the process. */
  readonly peakMemoryBytes?: number;
  /** How far the job was when the attempt ended, in the unit of its kind. */
  readonly progress?: number;
}

/** The attempts at a job in their order; a file that is missing or not whole says nothing. */
export async function readAttempts(folder: string): Promise<Attempt[]> {
  return ((await readWholeJson(join(folder, JOB_FILES.attempts))) ?? []) as Attempt[];
}

/** Only who holds the job's lock may write. */
export async function writeAttempts(folder: string, attempts: readonly Attempt[]): Promise<void> {
  await writeJson(join(folder, JOB_FILES.attempts), attempts);
}

/** An attempt of this process that begins now. */
export function beginAttempt(): Attempt {
  // One machine may be several nodes of a cluster.
  const host = process.env['SLURMD_NODENAME'] ?? hostname();
  return { started: new Date().toISOString(), host, pid: process.pid, slurm: arrayTask(), version: VERSION };
}
