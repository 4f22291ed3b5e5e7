import { appendFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError, WorkError } from './errors.js';

/**
 * Writes a file so that a reader sees the old content or the new, never a part: temporary file, fsync, rename.
 * On failure (a full disk, say) the old file stays and the temporary one is removed.
 * @param mode Who may read it, as in 0o600; by default as the process's other files.
 * @throws WorkError where the disk is full; InputError where the path cannot be written to.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
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
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, line + '\n');
  } catch (error) {
    throw writingError(path, error);
  }
}

function writingError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WorkError(
        `${path}: not written, the disk is full (${code}). What was there before is intact. Free some space and run this again.`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new InputError(`${path}: may not be written (${code}). Choose another folder, or change its permissions.`);
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new InputError(
        `${path}: cannot be written, a file or folder of that name is in the way (${code}). Choose another folder.`,
      );
    default:
      return error;
  }
}
