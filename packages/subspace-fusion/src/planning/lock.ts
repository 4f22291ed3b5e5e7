import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Stored } from '../files/json.js';
import { arrayTask, readWholeJson } from './job.js';

/** Who holds a lock: the content of `job.lock`. */
const holder = z.object({
  host: z.string(),
  pid: z.number(),
  processTable: z
    .string()
    .describe('Tells the processes of one running system from those of another that may have its name'),
  began: z
    .string()
    .optional()
    .describe('When the process began, as the system counts; a later process may get its number'),
  slurm: z.string().optional().describe('The task of a Slurm job array, `123_4`'),
  token: z.string().describe('Tells this holding from any other'),
});
export type Holder = Stored<typeof holder>;

export interface Lock {
  /** Aborted where another process took the lock, because this one had not been heard of for so long. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** A holder says so often that it is alive, by the lock file's time. */
const HEARTBEAT_SECONDS = 30;
/** A holder on another machine that was not heard of for so long is gone. Clocks may differ by less. */
const STALE_SECONDS = 300;

/**
 * Takes the lock at `path`, a file on a file system that all machines share, or tells who holds it. A lock whose holder is gone is
 * taken over: a process of this system that does not run any more, an earlier turn of the same Slurm task, a machine that was not
 * heard of for five minutes, or one that the caller knows to be gone.
 */
export async function acquireLock(
  path: string,
  knownGone: (holder: Holder) => boolean = () => false,
): Promise<{ readonly lock: Lock } | { readonly holder: Holder }> {
  const own = self();
  await mkdir(dirname(path), { recursive: true });
  if (await create(path, own)) return { lock: hold(path, own) };
  const holder = await lockHolder(path, knownGone);
  if (holder) return { holder };
  // Of several that find a lock stale, only the one that makes this file may replace it.
  const guard = `${path}.takeover`;
  if (!(await create(guard, own))) {
    if ((await ageSeconds(guard)) > STALE_SECONDS) await rm(guard, { force: true }); // its maker died on the way
    return { holder: UNKNOWN };
  }
  try {
    const since = await lockHolder(path, knownGone);
    if (since) return { holder: since };
    await rm(path, { force: true });
    return (await create(path, own)) ? { lock: hold(path, own) } : { holder: UNKNOWN };
  } finally {
    await rm(guard, { force: true });
  }
}

/** Who holds the lock at `path`; undefined where nobody does, or the holder is gone. */
export async function lockHolder(
  path: string,
  knownGone: (holder: Holder) => boolean = () => false,
): Promise<Holder | undefined> {
  const age = await ageSeconds(path);
  if (age === Infinity) return undefined;
  const found = await readWholeJson(path, holder);
  if (found === undefined) return age > STALE_SECONDS ? undefined : UNKNOWN; // being written
  if (knownGone(found)) return undefined;
  if (found.processTable === processTable()) return isRunning(found) ? found : undefined;
  const task = arrayTask();
  if (task !== undefined && task === found.slurm) return undefined; // Slurm runs a task once at a time, and that is this process
  return age > STALE_SECONDS ? undefined : found;
}

/** Somebody who is just taking the lock. */
const UNKNOWN: Holder = { host: 'another process', pid: 0, processTable: '', token: '' };

export function holderName({ host, pid, slurm }: Holder): string {
  return `${host}${pid === 0 ? '' : `, process ${pid}`}${slurm === undefined ? '' : `, Slurm task ${slurm}`}`;
}

function self(): Holder {
  return {
    host: hostname(),
    pid: process.pid,
    processTable: processTable(),
    began: startOf(process.pid),
    slurm: arrayTask(),
    token: randomUUID(),
  };
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
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]; // field 22; the name before may hold blanks
}

function isRunning({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false; // EPERM: another user's, but it runs
  }
  return began === undefined || began === startOf(pid);
}

/** Makes a file that was not there before: of several processes that try, one succeeds. */
async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(holder) + '\n', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function ageSeconds(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => (Date.now() - mtimeMs) / 1000,
    () => Infinity,
  );
}

/** Says from time to time that this process is alive, and finds out where it was thought to be gone. */
function hold(path: string, { token }: Holder): Lock {
  const lost = new AbortController();
  const isOwn = async () => (await readWholeJson(path, z.object({ token: z.string() })))?.token === token;
  const beat = async () => {
    if (!(await isOwn())) lost.abort();
    else await utimes(path, new Date(), new Date());
  };
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_SECONDS * 1000); // a file system that hangs may come back
  timer.unref();
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer);
      if (await isOwn()) await rm(path, { force: true });
    },
  };
}
