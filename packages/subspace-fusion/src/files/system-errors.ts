import { z } from 'zod';
import { InputError, WorkError } from './errors.js';

/**
 * The machine stopped the work, not what it was given: a full disk, a folder that is gone, too few open files. The same command goes
 * on when that is mended.
 */
export class MachineError extends WorkError {
  override name = 'MachineError';
}

/**
 * What went wrong with a file or folder that was to be written, in one sentence and what to do: an {@link InputError} where the path is
 * to be another one, a {@link MachineError} where the machine is at fault. Errors that are not the operating system's stay as they are.
 */
export function writingError(path: string, error: unknown): unknown {
  const code = systemCode(error);
  const name = shortened(path);
  switch (code) {
    case undefined:
      return error;
    case 'ENOSPC':
    case 'EDQUOT':
      return new MachineError(
        `${name}: not written, the disk is full (${code}). What was there before is intact. Free some space and run this again.`,
      );
    case 'EROFS':
      return new InputError(`${name}: cannot be written, the file system is read-only (EROFS). Choose another folder.`);
    case 'EACCES':
    case 'EPERM':
      return new InputError(`${name}: may not be written (${code}). Choose another folder, or change its permissions.`);
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new InputError(
        `${name}: cannot be written, a file or folder of that name is in the way (${code}). Choose another folder.`,
      );
    case 'ENAMETOOLONG':
      return new InputError(
        `${name}: the name is too long (ENAMETOOLONG). Choose a shorter one: most file systems take 255 bytes of a name.`,
      );
    case 'ENOENT':
      return new MachineError(
        `${name}: cannot be written, its folder is gone (ENOENT). It was removed or renamed meanwhile; put it back, or start again in another one.`,
      );
    default:
      return (
        shortageError(error) ??
        new MachineError(`${name}: cannot be written (${code}). Check the disk and its connection, and run this again.`)
      );
  }
}

/** What the machine has too little of, files or memory, in one sentence; undefined for any other error. */
export function shortageError(error: unknown): MachineError | undefined {
  const code = systemCode(error);
  if (code === 'EMFILE') {
    const limit = softLimit('open_files');
    const what = limit === 'unlimited' ? '' : `: \`ulimit -n\` is ${limit}`;
    return new MachineError(
      `Too many open files (EMFILE)${what}. Raise the limit, as in \`ulimit -n 1024\`, and run this again.`,
    );
  }
  if (code === 'ENFILE')
    return new MachineError('Too many open files on this machine (ENFILE). Run this again when others have ended.');
  const isMemory =
    code === 'ENOMEM' || (error instanceof RangeError && /WebAssembly|allocation failed/.test(error.message));
  if (!isMemory) return undefined;
  const what =
    error instanceof RangeError && error.message.includes('WebAssembly')
      ? 'WebAssembly got no memory'
      : 'Out of memory';
  const remedy =
    softLimit('virtual_memory_kbytes') === 'unlimited'
      ? 'Take a machine with more memory'
      : '`ulimit -v` is too small: raise it, as in `ulimit -v unlimited`';
  return new MachineError(`${what}. ${remedy}, and run this again.`);
}

/** The little of the WebAssembly interface that is used here; TypeScript knows it in browsers only. */
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: { Memory: new (descriptor: { initial: number }) => unknown };
};

/** @throws MachineError where WebAssembly is given no memory: it wants address space that `ulimit -v` may not grant. */
export function requireWasmMemory(): void {
  try {
    new wasm.Memory({ initial: 256 }); // of 64 KiB each
  } catch (error) {
    throw shortageError(error) ?? error;
  }
}

/** The code of an error of the operating system, as in `ENOSPC`; undefined for any other error. */
function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && 'errno' in error ? String(error.code) : undefined;
}

const limit = z.object({ soft: z.union([z.number(), z.string()]) });
const limitsReport = z.object({ userLimits: z.object({ open_files: limit, virtual_memory_kbytes: limit }).partial() });

/** What `ulimit` says; without a file, as there may be none left to open. */
function softLimit(name: keyof z.output<typeof limitsReport>['userLimits']): number | string {
  return limitsReport.safeParse(process.report.getReport()).data?.userLimits[name]?.soft ?? 'unlimited';
}

/** A path of which no part is too long for a message. */
const shortened = (path: string): string =>
  path.replace(/[^/\\]{100,}/g, (part) => `${part.slice(0, 60)}…${part.slice(-10)}`);
