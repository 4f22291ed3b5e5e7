import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readWholeJson } from '../files/file-source.js';
import type { Stored } from '../files/json.js';
import { arrayTask } from '../files/this-process.js';
import { writeJson } from '../runs/run-folder.js';
import { VERSION } from '../version.js';
import { JOB_FILES } from './job.js';

/** One attempt at a job. Without an `outcome` it is under way, or was ended without a word. */
const attempt = z.object({
  started: z.string().describe('ISO 8601'),
  host: z.string(),
  pid: z.number(),
  slurm: z.string().optional().describe('The task of a Slurm job array, `123_4`'),
  version: z.string().describe('Of the program'),
  outcome: z.enum(['done', 'stopped', 'failed']).optional(),
  message: z.string().optional(),
  badInput: z.boolean().optional().describe('It failed for something that the user gave'),
  seconds: z.number().optional(),
  peakMemoryBytes: z.number().optional().describe('Highest resident memory of the process'),
  progress: z.number().optional().describe('How far the job was when the attempt ended, in the unit of its kind'),
});
export type Attempt = Stored<typeof attempt>;

/** `attempts.json` */
const attemptsFile = z.array(attempt);

/** The attempts at a job in their order; a file that is missing or not whole says nothing. */
export async function readAttempts(folder: string): Promise<Attempt[]> {
  return (await readWholeJson(join(folder, JOB_FILES.attempts), attemptsFile)) ?? [];
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
