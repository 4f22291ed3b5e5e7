import { createHash } from 'node:crypto';
import { appendFile, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from './errors.js';
import { writingError } from './system-errors.js';
import { hasEnded, thisProcess } from './this-process.js';

/**
 * Makes a folder and those above it, where they are missing, and removes what killed processes left in it. Who
 * writes files begins with this: it finds what is wrong with the place before anything is computed.
 *
 * Node's own recursive mkdir says ENOENT for a read-only file system, and below `/proc` it tries for ever.
 * @returns the folders that were missing, from the outermost
 * @throws InputError where the folder cannot be made; MachineError where the disk is full
 */
export async function makeFolder(path: string): Promise<string[]> {
  const made: string[] = [];
  try {
    await makeWithParents(resolve(path), path, made);
  } catch (error) {
    await removeEmpty(made);
    throw error;
  }
  await removeLeftovers(path);
  return made;
}

/** Takes folders away again in which nothing was written, the innermost first. */
export async function removeEmpty(made: readonly string[]): Promise<void> {
  for (const folder of [...made].reverse()) await rmdir(folder).catch(() => undefined);
}

async function makeWithParents(folder: string, asked: string, made: string[]): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw writingError(asked, error);
  });
  if (found?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeWithParents(parent, asked, made);
  try {
    await mkdir(folder);
    made.push(folder);
  } catch (error) {
    const there = isCode(error, 'EEXIST') ? await stat(folder).catch(() => undefined) : undefined;
    if (there?.isDirectory()) return; // another process was faster
    if (isCode(error, 'ENOENT'))
      throw new InputError(
        `${asked}: the folder cannot be made, ${parent} takes none (ENOENT). Choose another folder.`,
      );
    throw writingError(asked, error);
  }
}

/**
 * Writes a file so that a reader sees the old content or the new, never a part: temporary file, fsync, rename. Its folder is there
 * (see {@link makeFolder}): where it was removed meanwhile, nothing brings it back. On failure the old file stays and the temporary one goes.
 * @param mode Who may read it, as in 0o600; by default as the process's other files.
 * @throws MachineError where the disk is full or the folder is gone; InputError where the path cannot be written to.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
  const temporary = temporaryFile(path);
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what failed first is what matters
    throw writingError(path, error);
  }
}

/**
 * Adds a line to the end of a file, which is made where it is missing. A kill may leave a part of the line.
 * @throws as `writeFileAtomic` does.
 */
export async function appendLine(path: string, line: string): Promise<void> {
  await appendFile(path, line + '\n').catch((error: unknown) => {
    throw writingError(path, error);
  });
}

let made = 0;

/**
 * Where a file is written until it is whole: beside it, `.NAME.SYSTEM-PID-START-N.tmp`. No two processes have one of the same name, and
 * whose it is can be seen, so that what a killed process left is removed and what another is writing is not.
 */
export function temporaryFile(path: string): string {
  const { pid, processTable, began = '0' } = thisProcess();
  return join(dirname(path), `${startOf(path)}${shortHash(processTable)}-${pid}-${began}-${made++}.tmp`);
}

/** How the names of a file's temporary files start. Long names are cut: a hash keeps two of them apart. */
function startOf(path: string): string {
  const name = basename(path);
  return `.${name.length > 40 ? `${name.slice(0, 30)}~${shortHash(name)}` : name}.`;
}

/** Removes all temporary files of a file, those of other machines included. The caller holds the lock without which nobody writes the file. */
export async function removeTemporaries(path: string): Promise<void> {
  const [folder, start] = [dirname(path), startOf(path)];
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(start) && PROCESS.test(name.slice(start.length))) await rm(join(folder, name), { force: true });
}

const PROCESS = /^([0-9a-f]{8})-(\d+)-(\d+)-\d+\.tmp$/;
const TEMPORARY = new RegExp(`^\\..*\\.${PROCESS.source.slice(1)}`, 's');
/** What a process of another machine has not touched for so long was left by it. */
const LEFT_AFTER_MS = 3_600_000;

/** Removes the temporary files that killed processes left in a folder. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (await isLeft(join(folder, name), name)) await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

async function isLeft(path: string, name: string): Promise<boolean> {
  const found = TEMPORARY.exec(name);
  if (!found) return false;
  const [, system, pid, began] = found;
  const { processTable } = thisProcess();
  if (system === shortHash(processTable))
    return hasEnded({ processTable, pid: Number(pid), began: began === '0' ? undefined : began }) ?? false;
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  return age > LEFT_AFTER_MS;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
