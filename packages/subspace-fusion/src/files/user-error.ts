/**
 * Something the user gave us is wrong. The message is one or two lines that name the file, the row and
 * the remedy; the command line prints it without a stack and exits with code 2.
 */
export class UserError extends Error {
  override name = 'UserError';
}
