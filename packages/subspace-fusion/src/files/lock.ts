import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder, removeEmpty } from './atomic.js';
import { InputError } from './errors.js';
import { readWholeJson } from './file-source.js';
import type { Stored } from './json.js';
import { MachineError, writingError } from './system-errors.js';
import { arrayTask, hasEnded, thisProcess, type ProcessName } from './this-process.js';

/** The file in a folder that says who is writing there. */
export const FOLDER_LOCK = 'job.lock';

/** Who holds a lock: the content of its file. */
const holder = z.object({
  host: z.string(),
  pid: z.number(),
  processTable: z.string(),
  began: z.string().optional(),
  slurm: z.string().optional().describe('The task of a Slurm job array, `123_4`'),
  token: z.string().describe('Tells this holding from any other'),
}) satisfies z.ZodType<ProcessName>;
export type Holder = Stored<typeof holder>;

export interface Lock {
  /** Aborted where another process took the lock, because this one had not been heard of for so long. */
  readonly lost: AbortSignal;
  /** Ends the holding. A folder that was made for it and holds nothing else goes, too. */
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
  const made = await makeFolder(dirname(path));
  try {
    return await take(path, knownGone, made);
  } catch (error) {
    await removeEmpty(made);
    throw error;
  }
}

async function take(
  path: string,
  knownGone: (holder: Holder) => boolean,
  made: readonly string[],
): ReturnType<typeof acquireLock> {
  const own = self();
  const guard = `${path}.takeover`;
  if (await create(path, own)) {
    if (existsSync(guard) && !(await lockHolder(guard))) await rm(guard, { force: true }); // its maker died on the way
    return { lock: hold(path, own, made) };
  }
  const holder = await lockHolder(path, knownGone);
  if (holder) return { holder };
  // Of several that find a lock stale, only the one that makes this file may replace it.
  if (!(await create(guard, own))) {
    if (await lockHolder(guard)) return { holder: UNKNOWN };
    await rm(guard, { force: true }); // its maker died on the way
    return take(path, knownGone, made);
  }
  try {
    const since = await lockHolder(path, knownGone);
    if (since) return { holder: since };
    await rm(path, { force: true });
    return (await create(path, own)) ? { lock: hold(path, own, made) } : { holder: UNKNOWN };
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * Does `work` while this process holds the lock at `path`.
 * @param what is written, for messages
 * @param work is given a signal that is aborted where another process took the lock
 * @throws InputError naming the holder where another process has the lock; MachineError where it was lost on the way
 */
export async function holding<T>(path: string, what: string, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const taken = await acquireLock(path);
  if ('holder' in taken)
    throw new InputError(
      `${what}: is being written by ${holderName(taken.holder)}. Wait until that has ended, or choose another place to write to.`,
    );
  const { lock } = taken;
  try {
    return await work(lock.lost);
  } catch (error) {
    if (!lock.lost.aborted) throw error;
    throw new MachineError(
      `${what}: another process took it over, because this one was not heard of for so long. Start it again when that has ended.`,
    );
  } finally {
    await lock.release();
  }
}

/** {@link holding} of a folder, which is made where it is missing. A run folder and a job's folder have this lock. */
export const holdingFolder = <T>(folder: string, work: (lost: AbortSignal) => Promise<T>): Promise<T> =>
  holding(join(folder, FOLDER_LOCK), folder, work);

/** {@link holding} of one file of a folder in which others write, too. */
export const holdingFile = <T>(file: string, work: (lost: AbortSignal) => Promise<T>): Promise<T> =>
  holding(`${file}.lock`, file, work);

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
  const ended = hasEnded(found);
  if (ended !== undefined) return ended ? undefined : found;
  const task = arrayTask();
  if (task !== undefined && task === found.slurm) return undefined; // Slurm runs a task once at a time, and that is this process
  return age > STALE_SECONDS ? undefined : found;
}

/** Somebody who is just taking the lock. */
const UNKNOWN: Holder = { host: 'another process', pid: 0, processTable: '', token: '' };

export function holderName({ host, pid, slurm }: Holder): string {
  return `${host}${pid === 0 ? '' : `, process ${pid}`}${slurm === undefined ? '' : `, Slurm task ${slurm}`}`;
}

const self = (): Holder => ({ host: hostname(), ...thisProcess(), slurm: arrayTask(), token: randomUUID() });

/** Makes a file that was not there before: of several processes that try, one succeeds. */
async function create(path: string, holder: Holder): Promise<boolean> {
  let file;
  try {
    file = await open(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writingError(path, error);
  }
  try {
    await file.writeFile(JSON.stringify(holder) + '\n');
    return true;
  } catch (error) {
    await rm(path, { force: true }); // an empty one would keep others away
    throw writingError(path, error);
  } finally {
    await file.close();
  }
}

async function ageSeconds(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => (Date.now() - mtimeMs) / 1000,
    () => Infinity,
  );
}

/** Says from time to time that this process is alive, and finds out where it was thought to be gone. */
function hold(path: string, { token }: Holder, made: readonly string[]): Lock {
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
      if (await isOwn().catch(() => false)) await rm(path, { force: true }).catch(() => undefined); // it lapses
      await removeEmpty(made);
    },
  };
}
