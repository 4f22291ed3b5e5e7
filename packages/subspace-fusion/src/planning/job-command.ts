import { fileURLToPath } from 'node:url';

/** The command's file, seen from the sources and from the build alike. */
const PROGRAM = fileURLToPath(new URL('../../bin/subspace.js', import.meta.url));

/** Name of the command that does the job of a folder. */
export const JOB_COMMAND = 'run-planned';

/** Exit code of a job that was stopped and can be gone on with (EX_TEMPFAIL). */
export const STOPPED_EXIT_CODE = 75;

/** Program and arguments that do the job of a folder. */
export function jobCommand(...folder: readonly string[]): string[] {
  return [process.execPath, PROGRAM, JOB_COMMAND, ...folder];
}
