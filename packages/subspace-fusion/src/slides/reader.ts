import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { InputError } from '../files/errors.js';
import type { PatchRequest } from './patches.js';
import type { SlideInfo } from './slide.js';
import type { Thumbnail } from './thumbnail.js';

/** What a reading thread is asked about a slide. */
export type Request = { readonly id: number; readonly file: string } & (
  | { readonly kind: 'overview'; /** Longest edge of the thumbnail. */ readonly edge: number }
  | ({ readonly kind: 'patches' } & PatchRequest)
);

/** What it answers. */
export type Answer = { readonly id: number } & (
  | { readonly kind: 'overview'; readonly info: SlideInfo; readonly thumbnail: Thumbnail }
  | { readonly kind: 'patches'; readonly pixels: Uint8Array }
  | { readonly kind: 'problem'; readonly problem: string; readonly userError: boolean }
);

/** Reads slides on a thread of its own, so that decoding goes on while the encoder has the main one. */
export interface SlideReader {
  /** What a slide says of itself, and its thumbnail. Throws {@link InputError} for a file that is not read, or damaged. */
  overview(file: string, edge: number): Promise<{ info: SlideInfo; thumbnail: Thumbnail }>;
  /** Patches of a slide as `readPatches` gives them. */
  patches(file: string, request: PatchRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The thread's program lies beside this file when built; from sources, as tests run them, in the build. */
function threadFile(): URL {
  const beside = new URL('./reader-thread.js', import.meta.url);
  return existsSync(beside) ? beside : new URL(beside.href.replace('/src/', '/dist/'));
}

type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { kind: Kind }>;

/** Starts a reading thread. It keeps the process alive only while it reads. */
export function openReader(): SlideReader {
  const worker = new Worker(threadFile(), { execArgv: [] });
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let next = 0;
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => {
    fail(new Error('the thread that reads slides has ended'));
  });
  worker.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    if (!asked) return;
    const { resolve, reject } = asked;
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if (answer.kind === 'problem')
      reject(answer.userError ? new InputError(answer.problem) : new Error(answer.problem));
    else resolve(answer);
  });
  worker.unref();

  const ask = <Kind extends 'overview' | 'patches'>(
    request: Omit<Extract<Request, { kind: Kind }>, 'id'>,
  ): Promise<AnswerOf<Kind>> => {
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve: resolve as (answer: Answer) => void, reject });
      worker.ref();
      worker.postMessage({ ...request, id });
    });
  };
  return {
    overview: (file, edge) => ask<'overview'>({ kind: 'overview', file, edge }),
    patches: async (file, request) => (await ask<'patches'>({ kind: 'patches', file, ...request })).pixels,
    close: async () => void (await worker.terminate()),
  };
}
