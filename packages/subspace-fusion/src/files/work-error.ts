/**
 * The work failed for a reason outside the program and the user's files: a full disk, a loss that is no number, Ctrl-C.
 * The message says what happened and what to do; the command line prints it without a stack and exits with code 1.
 */
export class WorkError extends Error {
  override name: string = 'WorkError';
}
