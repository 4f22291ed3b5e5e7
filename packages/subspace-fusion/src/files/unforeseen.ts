import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir, totalmem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { VERSION } from '../version.js';
import { InputError, WorkError } from './errors.js';
import { shortageError } from './system-errors.js';
import { printable } from './text.js';

/**
 * An error as a user is told it: bad input, failed work and what the machine has too little of are as they are; anything else is a mistake of the program, which becomes one sentence and
 * a log file for those who mend it.
 * @param args of the command line
 */
export function toldError(error: unknown, args: readonly string[] = process.argv.slice(2)): InputError | WorkError {
  if (error instanceof InputError || error instanceof WorkError) return error;
  const shortage = shortageError(error);
  if (shortage) return shortage;
  const what = printable(error instanceof Error ? error.message : String(error), 200) || 'no message';
  const log = writeLog(logText(error, args));
  const remedy =
    log === undefined
      ? 'No log could be written. Please report this sentence.'
      : `Please report it with the log ${log}, which holds no data of patients.`;
  return new WorkError(`Unforeseen error, a mistake of the program: ${what}. ${remedy}`);
}

/**
 * Where logs go: the folder for the state of programs in the user's home (`$XDG_STATE_HOME`, `~/.local/state`; on Windows `%LOCALAPPDATA%`), or the
 * folder of temporary files where that cannot be written.
 */
function logFolders(): string[] {
  const { XDG_STATE_HOME: state, LOCALAPPDATA: windows } = process.env;
  const own = [state, windows].find((folder) => folder !== undefined && isAbsolute(folder));
  return [join(own ?? join(homedir(), '.local', 'state'), 'subspace-fusion'), tmpdir()];
}

/** Writes at once, as the process may be ending. Returns the path; undefined where no folder can be written. */
function writeLog(text: string): string | undefined {
  const name = `subspace-error-${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.log`;
  for (const folder of logFolders()) {
    try {
      // eslint-disable-next-line no-restricted-syntax -- the process may be ending, so that nothing can be waited for
      mkdirSync(folder, { recursive: true });
      const file = join(folder, name);
      writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
      return file;
    } catch {
      // The next folder may do.
    }
  }
  return undefined;
}

function logText(error: unknown, args: readonly string[]): string {
  return [
    `subspace-fusion ${VERSION}`,
    `time      ${new Date().toISOString()}`,
    `command   subspace ${args.map(withoutValue).join(' ')}`,
    `platform  ${process.platform} ${process.arch}, Node ${process.version}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    '',
    ...stackOf(error),
    '',
  ].join('\n');
}

/** Commands, options and keys of the config stay; paths, ids and values do not. */
function withoutValue(arg: string, place: number): string {
  if (/^--?[a-z-]+$/.test(arg) || (place === 0 && /^[a-z-]+$/.test(arg))) return arg;
  const key = /^(?:--[a-z-]+|[a-zA-Z]+(?:\.[a-zA-Z]+)+)(?==)/.exec(arg)?.[0];
  return key === undefined ? '…' : `${key}=…`;
}

/** Name, message and places of an error and of its causes. */
function stackOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error)) return [`${typeof error}: ${withoutData(String(error))}`];
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause === undefined || depth > 4 ? [] : ['caused by', ...stackOf(error.cause, depth + 1)];
  return [`${error.name}: ${withoutData(error.message)}`, ...places, ...cause];
}

/** A message without what may be of a user's files: what is in quotes, paths, and words with digits in them, such as ids. */
const withoutData = (message: string): string =>
  message
    .replace(/'[^']*'|"[^"]*"|`[^`]*`/g, '…')
    .replace(/\S*[/\\]\S*/g, '…')
    .replace(/(?=\S*\p{L})(?=\S*\d)\S+/gu, '…');
