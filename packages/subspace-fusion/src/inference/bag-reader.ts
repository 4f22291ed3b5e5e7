import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { BagFile } from '../cohort/index.js';
import { InputError } from '../files/errors.js';
import { required } from '../files/required.js';
import type { Model } from '../runs/model.js';

/** What the reading thread is asked. */
export interface BagRequest {
  readonly id: number;
  readonly slide: BagFile;
  readonly model: BagShape;
}

/** What it answers: the features, or what is wrong with the file. */
export type BagAnswer =
  | { readonly id: number; readonly features: Float32Array }
  | { readonly id: number; readonly problem: string; readonly userError: boolean };

/** Reads and decodes feature files on a thread of its own. */
export interface BagReader {
  /**
   * A slide's features as `[tokens · width]`: the same bits and the same errors as `readFixedBag`.
   * @throws InputError for a file that is no bag of the model; Error where the reader was closed.
   */
  read(slide: BagFile): Promise<Float32Array>;
  /** Ends the thread; reads under way are rejected. */
  close(): Promise<void>;
}

/** The thread's program lies beside this file when built; from sources, as tests run them, in the build. */
function workerFile(): URL {
  const beside = new URL('./bag-reader-worker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL(beside.href.replace('/src/', '/dist/'));
}

/** Starts a reading thread for bags of this model. It keeps the process alive only while it reads. */
export function openBagReader({ size, tokens, layout }: BagShape): BagReader {
  const worker = new Worker(workerFile(), { execArgv: [] });
  const waiting = new Map<number, { resolve: (features: Float32Array) => void; reject: (error: Error) => void }>();
  let next = 0;
  let failure: Error | undefined;
  let closing = false;

  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the thread that reads feature files has ended')));
  worker.on('message', (answer: BagAnswer) => {
    const { resolve, reject } = required(waiting, answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0 && !closing) worker.unref();
    if ('features' in answer) resolve(answer.features);
    else reject(answer.userError ? new InputError(answer.problem) : new Error(answer.problem));
  });
  worker.unref();

  return {
    read(slide) {
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, slide, model: { size, tokens, layout } } satisfies BagRequest);
      });
    },
    async close() {
      closing = true;
      worker.ref(); // else the process may end before the thread has
      await worker.terminate();
    },
  };
}

/** What of a model decides how it reads a slide. */
export type BagShape = Pick<Model, 'size' | 'tokens' | 'layout'>;
