import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells one process from all others, on this machine and on those that share its file systems. */
export interface ProcessName {
  readonly pid: number;
  /** Tells the processes of one running system from those of another that may have its name. */
  readonly processTable: string;
  /** When it began, as the system counts (Linux): a later process may get its number. */
  readonly began?: string | undefined;
}

/** The name of this process. */
export const thisProcess = (): ProcessName =>
  (own ??= { pid: process.pid, processTable: processTable(), began: startOf(process.pid) });
let own: ProcessName | undefined;

/** Whether a process is known to have ended; undefined for one of another system, which cannot be asked. */
export function hasEnded({ pid, processTable: table, began }: ProcessName): boolean | undefined {
  if (table !== thisProcess().processTable) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true; // EPERM: another user's, but it runs
  }
  return began !== undefined && began !== startOf(pid);
}

/** On Linux the boot and the process namespace, so that two machines or containers of one name are told apart. */
function processTable(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** Clock ticks from the boot to the start of a process (Linux). */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]; // field 22; the name before may hold blanks
  } catch {
    return undefined;
  }
}

/** The task of a Slurm job array that this process is in, `123_4`, where it is in one. */
export function arrayTask(): string | undefined {
  const { SLURM_ARRAY_JOB_ID: job, SLURM_ARRAY_TASK_ID: task } = process.env;
  return job === undefined || task === undefined ? undefined : `${job}_${task}`;
}
