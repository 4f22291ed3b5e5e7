import { readFileSync } from 'node:fs';
import { InputError, WorkError } from '../../files/errors.js';
import { KINDS } from './kinds.js';

/** The process in which damaged files are read, so that a hang or a crash is only its own. */

/** A file to read. */
export interface Question {
  readonly kind: string;
  readonly path: string;
  readonly whole: string;
}

/** What came of it. */
export interface Answer {
  readonly outcome: 'read' | 'refused' | 'trace';
  readonly message: string;
  /** Most memory that the process ever had, in bytes. */
  readonly peak: number;
}

/** A message is for a terminal: no control characters but line ends and tabs, and of a length that somebody reads. */
const isShowable = (message: string) => message.length < 30_000 && !/[^\P{C}\n\t]/u.test(message);

function outcomeOf(error: unknown): Pick<Answer, 'outcome' | 'message'> {
  if (!(error instanceof InputError || error instanceof WorkError))
    return { outcome: 'trace', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  if (isShowable(error.message)) return { outcome: 'refused', message: error.message };
  return {
    outcome: 'trace',
    message: `a message that cannot be shown: ${JSON.stringify(error.message.slice(0, 2000))}`,
  };
}

/** Most memory that this process ever had, in bytes. What `resourceUsage` reports includes that of the process which started it. */
function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

function answer(part: Pick<Answer, 'outcome' | 'message'>): void {
  process.send?.({ ...part, peak: peakMemory() } satisfies Answer);
}

process.on('message', ({ kind, path, whole }: Question) => {
  KINDS[kind].read(path, whole).then(
    () => answer({ outcome: 'read', message: '' }),
    (error: unknown) => answer(outcomeOf(error)),
  );
});
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => answer({ outcome: 'trace', message: outcomeOf(error).message }));
