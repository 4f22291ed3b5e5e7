import { isatty } from 'node:tty';
import { visible } from '../files/text.js';

/**
 * All that the command line prints goes through this file, JSON included: a text of a user's file may hold characters that a terminal obeys. The
 * linter refuses `console` anywhere else.
 */

/** A line, or several, on standard output. */
export function print(text: string): void {
  console.log(visible(text));
}

/** A line, or several, on standard error. */
export function printError(text: string): void {
  console.error(visible(text));
}

/** The terminal or the program that read what was printed has gone, for example `head` or a closed window; the work goes on without it. */
const GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * Lets the work go on, or end where it can be resumed, where nobody reads what is printed any more. Other failures to print are given to `onFailure`.
 */
export function outliveReaders(onFailure: (error: Error) => void): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!GONE.has(error.code ?? '')) onFailure(error);
    });
  // Node aborts at its end where its terminal has been closed since; ending by the hang-up itself leaves nothing behind.
  const terminals = [0, 1, 2].filter((stream) => isatty(stream));
  process.on('exit', () => {
    if (terminals.every((stream) => isatty(stream))) return;
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}
