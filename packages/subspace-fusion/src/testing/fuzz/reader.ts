import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Answer, Question } from './child.js';

/** What came of reading a file, with what the child itself can no longer say. */
export interface Reading {
  readonly outcome: Answer['outcome'] | 'hang' | 'memory';
  readonly message: string;
  readonly seconds: number;
  /** Bytes. */
  readonly peak: number;
}

export interface Limits {
  readonly seconds: number;
  /** Bytes that the process may have. */
  readonly memory: number;
}

const PAGE = 4096;
/** Milliseconds between two looks at the child's memory. */
const LOOK = 50;

/** Bytes that a process has now; 0 where the system does not say. */
function memoryOf(pid: number | undefined): number {
  const file = `/proc/${pid}/statm`;
  if (!existsSync(file)) return 0;
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[1]) * PAGE;
  } catch {
    return 0; // it has just ended
  }
}

/** Reads files in a child process, which is ended where it takes too long or too much memory, and started again. */
export function fileReader({ seconds, memory }: Limits) {
  let child: ChildProcess | undefined;

  function start(): ChildProcess {
    const here = new URL('./child.js', import.meta.url);
    const program = existsSync(here) ? here : new URL(here.href.replace('/src/', '/dist/'));
    return fork(program, { stdio: 'ignore', execArgv: ['--max-old-space-size=1024'] });
  }

  function stop(): void {
    child?.kill('SIGKILL');
    child = undefined;
  }

  function read(question: Question): Promise<Reading> {
    const running = (child ??= start());
    const begun = performance.now();
    let peak = 0;
    return new Promise((resolve) => {
      const end = (outcome: Reading['outcome'], message: string) => {
        clearInterval(timer);
        running.removeAllListeners();
        resolve({ outcome, message, peak, seconds: (performance.now() - begun) / 1000 });
      };
      const give = (outcome: Reading['outcome'], message: string) => {
        stop();
        end(outcome, message);
      };
      const timer = setInterval(() => {
        peak = Math.max(peak, memoryOf(running.pid));
        if (peak > memory) give('memory', `more than ${Math.round(memory / 1e6)} MB of memory`);
        else if (performance.now() - begun > 1000 * seconds) give('hang', `longer than ${seconds} s`);
      }, LOOK);
      running.once('message', (answer: Answer) => {
        peak = Math.max(peak, answer.peak);
        end(answer.outcome, answer.message);
      });
      running.once('exit', (code, signal) => give('trace', `the process ended with ${signal ?? code}`));
      running.send(question);
    });
  }

  return { read, stop };
}
