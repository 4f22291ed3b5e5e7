import type { Port } from './worker.js';

/** What a page's `Worker` and the worker's own `self` have in common. */
interface WebWorker {
  postMessage(message: unknown, options: { transfer: object[] }): void;
  addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void): void;
  terminate?(): void;
  close?(): void;
}

/** The port of a web worker: give it the `Worker` in a page, `self` in the worker. */
export function webPort(worker: WebWorker): Port {
  return {
    postMessage: (message, transfer = []) => worker.postMessage(message, { transfer: [...transfer] }),
    listen(onMessage, onEnd) {
      worker.addEventListener('message', ({ data }) => onMessage(data));
      worker.addEventListener('error', ({ message }) => onEnd(new Error(message || 'the worker could not be started')));
    },
    close() {
      (worker.terminate ?? worker.close)?.call(worker);
      return Promise.resolve();
    },
  };
}
