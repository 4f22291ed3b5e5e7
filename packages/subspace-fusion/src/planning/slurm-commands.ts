import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writeFileAtomic } from '../files/atomic.js';
import { InputError, WorkError } from '../files/errors.js';
import type { Stored } from '../files/json.js';
import { writeJson } from '../runs/run-folder.js';
import { readWholeJson } from './job.js';
import { arrayScript, FOLDERS_FILE, type SlurmResources } from './slurm-script.js';

/** A task that Slurm has in its queue. */
export interface QueuedTask {
  readonly state: string;
  /** Why it waits: Resources, Priority, BeginTime, … */
  readonly reason: string;
}

/** What Slurm says of a task that has left the queue. */
export interface EndedTask {
  /** COMPLETED, FAILED, CANCELLED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL, … */
  readonly state: string;
  readonly exitCode: string;
}

async function slurm(command: string, ...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args)).stdout.trim();
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw new InputError(
        `${command}: not found. Run this on a machine of a Slurm cluster, or take --executor local.`,
      );
    throw new WorkError(`${command}: ${(stderr ?? String(error)).trim().split('\n').slice(0, 2).join(' ')}`);
  }
}

/** Submits a script; returns the number of the job. @throws InputError where there is no Slurm; WorkError where it refuses */
async function submit(script: string): Promise<string> {
  return (await slurm('sbatch', '--parsable', script)).split(';')[0]; // `123;cluster`
}

/** The user's own tasks in the queue, by `123_4`. @throws as {@link submit} */
export async function queue(): Promise<Map<string, QueuedTask>> {
  const lines = (await slurm('squeue', '--me', '--noheader', '--array', '--format=%i|%T|%r'))
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [task, state, reason] = line.split('|') as [string, string, string];
      return [task, { state, reason }];
    }),
  );
}

/** How a task ended: by the accounting where the cluster has one, else from what the controller remembers (some minutes). */
export async function endedTask(task: string): Promise<EndedTask | undefined> {
  const accounting = await slurm(
    'sacct',
    '--jobs',
    task,
    '--allocations',
    '--noheader',
    '--parsable2',
    '--format=State,ExitCode',
  ).catch(() => '');
  const [, accounted, exitCode] = /^([^|\n]+)\|([^|\n]+)$/.exec(accounting.split('\n').at(-1) ?? '') ?? [];
  if (accounted) return { state: accounted.split(' ')[0], exitCode }; // `CANCELLED by 1000`
  const shown = await slurm('scontrol', 'show', 'job', task, '--oneliner').catch(() => '');
  const found = /\bJobState=(\S+).*\bExitCode=(\S+)/.exec(shown);
  return found ? { state: found[1], exitCode: found[2] } : undefined;
}

/** `submission.json`: a job array that was submitted; task i does the job of `folders[i]`. */
const submission = z.object({ job: z.string(), submitted: z.string(), folders: z.array(z.string()) });
export type Submission = Stored<typeof submission>;

const RECORD = 'submission.json';
const SCRIPT = 'array.sh';
/** Tasks of one array; Slurm's own default limit is 1,001. */
const LARGEST_ARRAY = 1000;

/** All submissions of a sweep, the oldest first. Each has a folder `slurm/1`, `slurm/2`, … with its script, folders and logs. */
export async function readSubmissions(out: string): Promise<Submission[]> {
  const names = await readdir(join(out, 'slurm')).catch(() => []);
  const numbers = names
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  const records = await Promise.all(
    numbers.map((n) => readWholeJson(join(out, 'slurm', String(n), RECORD), submission)),
  );
  return records.filter((record) => record !== undefined);
}

/** The task that each folder was given to last, as `123_4`. */
export function tasksByFolder(submissions: readonly Submission[]): Map<string, string> {
  return new Map(
    submissions.flatMap(({ job, folders }) => folders.map((folder, i) => [folder, `${job}_${i}`] as const)),
  );
}

/** Submits the jobs of some folders as arrays and notes that. */
export async function submitFolders(
  out: string,
  name: string,
  folders: readonly string[],
  resources: SlurmResources,
): Promise<Submission[]> {
  const submissions: Submission[] = [];
  for (let i = 0; i < folders.length; i += LARGEST_ARRAY) {
    const part = folders.slice(i, i + LARGEST_ARRAY);
    const beside = await newFolder(join(out, 'slurm'));
    await writeFileAtomic(join(beside, FOLDERS_FILE), part.map((folder) => `${folder}\n`).join(''));
    await writeFileAtomic(join(beside, SCRIPT), arrayScript(beside, name, part.length, resources));
    const submitted: Submission = {
      job: await submit(join(beside, SCRIPT)),
      submitted: new Date().toISOString(),
      folders: part,
    };
    await writeJson(join(beside, RECORD), submitted);
    submissions.push(submitted);
  }
  return submissions;
}

/** Makes the first of the folders 1, 2, … that is not there. */
async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (let n = 1; ; n++) {
    const folder = join(parent, String(n));
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
