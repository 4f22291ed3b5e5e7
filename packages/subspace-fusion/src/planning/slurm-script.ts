import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { InputError, WorkError } from '../files/errors.js';
import { readWholeJson } from '../files/file-source.js';
import type { Stored } from '../files/json.js';
import { requirePlainName } from '../files/plain-name.js';
import { writeJson } from '../runs/run-folder.js';
import { jobCommand, STOPPED_EXIT_CODE } from './job-command.js';

/** What a job asks of a Slurm cluster. */
export interface SlurmResources {
  readonly cores: number;
  /** As sbatch reads them: minutes, `hours:minutes:seconds`, `days-hours`; `4G`. */
  readonly time: string;
  readonly memory?: string | undefined;
  readonly partition?: string | undefined;
  readonly gpu?: number | undefined;
  /** Lines of shell before the program starts: `module load …`. */
  readonly setup?: string | undefined;
  /** Further options of sbatch: account, qos, constraint, … */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** A run is told to stop so long before its limit; less where the limit is short. Slurm may do it up to a minute earlier. */
const WARNING_SECONDS = 120;

/**
 * The script of a job array whose task i does the job of the folder in line i + 1 of `folders.txt` beside it. Before the time limit
 * Slurm signals the script alone; it stops the job cleanly and puts the task back into the queue, where it goes on.
 */
export function arrayScript(
  beside: string,
  name: string,
  tasks: number,
  { cores, time, memory, partition, gpu, setup, options = {} }: SlurmResources,
): string {
  for (const text of [time, memory, partition, ...Object.entries(options).flat()])
    requirePlainName(text ?? '', 'slurm');
  requirePlainName(beside, 'out folder');
  const warning = Math.min(WARNING_SECONDS, Math.floor((slurmSeconds(time) ?? Infinity) / 4));
  const asked = {
    'job-name': name.replace(/[^\w.-]+/g, '-'),
    array: `0-${tasks - 1}`,
    nodes: '1',
    ntasks: '1',
    'cpus-per-task': String(cores),
    time,
    ...(memory === undefined ? {} : { mem: memory }),
    ...(partition === undefined ? {} : { partition }),
    ...(gpu === undefined ? {} : { gres: `gpu:${gpu}` }),
    output: join(beside.replaceAll('%', '%%'), '%a.log'),
    'open-mode': 'append',
    signal: `B:USR1@${warning}`,
    ...options,
  };
  return [
    '#!/bin/bash',
    ...Object.entries(asked).map(([option, value]) => `#SBATCH --${option}=${directive(value)}`),
    '#SBATCH --requeue',
    ...(setup === undefined ? [] : [setup.trimEnd()]),
    `folder=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(join(beside, FOLDERS_FILE))})`,
    `${jobCommand().map(quoted).join(' ')} "$folder" &`,
    'run=$!',
    '# Before the time limit Slurm signals this script; the run stops cleanly and goes on when the task gets its next turn.',
    'near_limit=',
    'trap \'near_limit=yes; kill -TERM "$run"\' USR1',
    '# scancel signals the run itself; wait until it has stopped.',
    'trap : TERM',
    'while kill -0 "$run" 2>/dev/null; do wait "$run"; done',
    'wait "$run"',
    'code=$?',
    `if [ -n "$near_limit" ] && [ "$code" = ${STOPPED_EXIT_CODE} ]; then`,
    '  # By its number in the array: the plain id of the last task is that of the whole array.',
    '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"',
    'fi',
    'exit "$code"',
    '',
  ].join('\n');
}

/** The folders of a submission's tasks, one a line. */
const FOLDERS_FILE = 'folders.txt';

/** A word for the shell, which takes nothing in it for its own. */
export const quoted = (text: string): string => (/^[\w./%:@=-]+$/.test(text) ? text : inQuotes(text));

const inQuotes = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The value of an option in a line for sbatch, which is no shell: only blanks, quotes, backslashes and # mean anything to it. */
const directive = (value: string) => (/[\s'"\\#]/.test(value) ? inQuotes(value) : value);

/**
 * Seconds of a time as sbatch reads it: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`, `days-hours:minutes`,
 * `days-hours:minutes:seconds`. Undefined for other text.
 */
export function slurmSeconds(time: string): number | undefined {
  const parts = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
  if (!parts) return undefined;
  const [, days, a, b, c] = parts.map((part: string | undefined) => Number(part ?? 0));
  if (parts.at(1) !== undefined) return days * 86_400 + a * 3600 + b * 60 + c;
  return parts.at(4) === undefined ? a * 60 + b : a * 3600 + b * 60 + c;
}

/** Bytes of a memory size as sbatch reads it: `4G`, `500M`; a plain number is megabytes. Undefined for other text. */
export function slurmBytes(memory: string): number | undefined {
  const parts = /^(\d+)([KMGT]?)$/i.exec(memory);
  if (!parts) return undefined;
  return Number(parts[1]) * 1024 ** ({ K: 1, M: 2, G: 3, T: 4 }[parts[2].toUpperCase()] ?? 2);
}

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
  for (const folder of folders) requirePlainName(folder, 'job folder');
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
  await makeFolder(parent);
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
