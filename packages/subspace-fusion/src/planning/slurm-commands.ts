import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../files/user-error.js';
import { WorkError } from '../files/work-error.js';

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
      throw new UserError(`${command}: not found. Run this on a machine of a Slurm cluster, or take --executor local.`);
    throw new WorkError(`${command}: ${(stderr ?? String(error)).trim().split('\n').slice(0, 2).join(' ')}`);
  }
}

/** Submits a script; returns the number of the job. @throws UserError where there is no Slurm; WorkError where it refuses */
export async function submit(script: string): Promise<string> {
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
  const [state, exitCode] = accounting.split('\n').at(-1)!.split('|');
  if (state !== undefined && exitCode !== undefined) return { state: state.split(' ')[0], exitCode }; // `CANCELLED by 1000`
  const shown = await slurm('scontrol', 'show', 'job', task, '--oneliner').catch(() => '');
  const found = /\bJobState=(\S+).*\bExitCode=(\S+)/.exec(shown);
  return found ? { state: found[1], exitCode: found[2] } : undefined;
}
