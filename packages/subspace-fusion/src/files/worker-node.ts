import { existsSync } from 'node:fs';
import { parentPort, Worker, type MessagePort, type Transferable } from 'node:worker_threads';
import type { Port } from './worker.js';

/**
 * Starts a thread. It keeps the process alive only while an answer is waited for.
 * @param program lies beside the file that asks for it when built; from sources, as tests run them, in the build
 * @param work for the sentence about a thread that has died: "the thread that … has ended"
 * @param isQuiet what the thread writes to its standard error goes nowhere
 */
export function startThread(program: URL, work: string, isQuiet = false): Port {
  const worker = new Worker(existsSync(program) ? program : new URL(program.href.replace('/src/', '/dist/')), {
    execArgv: [],
    stderr: isQuiet,
  });
  worker.unref();
  let closing = false;
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer as Transferable[] | undefined),
    listen(onMessage, onEnd) {
      worker.on('message', onMessage);
      worker.on('error', onEnd);
      worker.on('exit', () => onEnd(new Error(`the thread that ${work} has ended`)));
    },
    hold(waiting) {
      if (waiting) worker.ref();
      else if (!closing) worker.unref();
    },
    async close() {
      closing = true;
      worker.ref(); // without it the process may end before the thread has, and the caller never goes on
      await worker.terminate();
    },
  };
}

/** In a thread: the port to who started it. */
export function starterPort(): Port {
  if (!parentPort) throw new Error('this is the program of a thread');
  return messagePort(parentPort);
}

/** The port of one end of a channel. */
export function messagePort(port: MessagePort): Port {
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer as Transferable[] | undefined),
    listen(onMessage, onEnd) {
      port.on('message', onMessage);
      port.on('close', () => onEnd(new Error('the other side has closed the channel')));
    },
    close() {
      port.close();
      return Promise.resolve();
    },
  };
}
