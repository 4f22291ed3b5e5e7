/** Calls from the page to a worker: one answer each, progress meanwhile, and a way to give up. */

/** What a call may tell and ask while it is under way. */
export interface Job {
  /** Says what is being done now. */
  progress(doing: string): void;
  /** Counts a part of the work; the caller is told how many there were. Throws where it has given up. */
  step(): void;
  /** Lets messages in, and throws where the caller has given up. */
  breathe(): Promise<void>;
}

/** The caller gave up. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** Bad input, in words for the person who gave it. */
export class PlainError extends Error {
  override name = 'PlainError';
}

export type Handlers = Readonly<Record<string, (input: never, job: Job) => Promise<unknown>>>;

interface Failure {
  readonly name: string;
  readonly message: string;
}

type ToWorker = { readonly id: number; readonly task: string; readonly input: unknown } | { readonly cancel: number };
type FromWorker =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly failure: Failure }
  | { readonly id: number; readonly doing: string }
  | { readonly id: number; readonly steps: number };

/** Serves calls in a worker, one after the other in their order. */
export function serve(handlers: Handlers): void {
  const cancelled = new Set<number>();
  let last: Promise<void> = Promise.resolve();
  const answer = (message: FromWorker, transfer: Transferable[] = []) => self.postMessage(message, { transfer });

  async function work(id: number, task: string, input: unknown): Promise<void> {
    let steps = 0;
    const giveUp = () => {
      if (cancelled.has(id)) throw new Cancelled();
    };
    const job: Job = {
      progress: (doing) => answer({ id, doing }),
      step() {
        answer({ id, steps: ++steps });
        giveUp();
      },
      async breathe() {
        await new Promise((resolve) => setTimeout(resolve));
        giveUp();
      },
    };
    try {
      await job.breathe();
      const output = await handlers[task](input as never, job);
      answer({ id, output }, output instanceof ImageBitmap ? [output] : []);
    } catch (error) {
      answer({ id, failure: failureOf(error) });
    } finally {
      cancelled.delete(id);
    }
  }

  self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    if ('cancel' in data) cancelled.add(data.cancel);
    else last = last.then(() => work(data.id, data.task, data.input));
  };
}

/** Errors made for people keep their words; any other is a mistake of ours and says where. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  if (name === 'Cancelled') return { name, message };
  if (name === 'InputError' || name === 'WorkError' || name === 'PlainError') return { name: 'PlainError', message };
  return { name: 'Error', message: stack ?? message };
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doing: string) => void) | undefined;
  readonly onStep?: ((steps: number) => void) | undefined;
}

/** The page's end of a worker. */
export type Connection<Tasks> = {
  readonly [T in keyof Tasks]: Tasks[T] extends (input: infer I, job: Job) => Promise<infer O>
    ? (input: I, options?: CallOptions) => Promise<O>
    : never;
};

/** Connects to a worker that {@link serve}s these tasks. */
export function connect<Tasks>(worker: Worker): Connection<Tasks> {
  const waiting = new Map<
    number,
    { resolve: (output: unknown) => void; reject: (error: Error) => void; options: CallOptions }
  >();
  let next = 0;
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    const call = waiting.get(data.id);
    if (!call) return;
    if ('doing' in data) return call.options.onProgress?.(data.doing);
    if ('steps' in data) return call.options.onStep?.(data.steps);
    waiting.delete(data.id);
    if ('output' in data) call.resolve(data.output);
    else call.reject(thrown(data.failure));
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message || 'the worker could not be started'));
    waiting.clear();
  };
  const call =
    (task: string) =>
    (input: unknown, options: CallOptions = {}) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject, options });
        options.signal?.addEventListener('abort', () => worker.postMessage({ cancel: id } satisfies ToWorker), {
          once: true,
        });
        worker.postMessage({ id, task, input } satisfies ToWorker);
      });
  return new Proxy({} as Connection<Tasks>, { get: (_, task) => call(String(task)) });
}

function thrown({ name, message }: Failure): Error {
  if (name === 'Cancelled') return new Cancelled();
  return name === 'PlainError' ? new PlainError(message) : new Error(message);
}
