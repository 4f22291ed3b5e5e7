import { errorData, InputError, required, WorkError, type ErrorData } from './errors.js';

/** Calls to a worker, in a browser or in Node: typed tasks, progress, a way to give up, and errors that keep their kind. */

/** This side's end of the line to a worker, or to the page or thread that started it. */
export interface Port {
  /** Sends a copy; what is in `transfer` is handed over instead. */
  postMessage(message: unknown, transfer?: readonly object[]): void;
  /** Calls back for each message, and once the other side has died, with an error that says so. */
  listen(onMessage: (message: unknown) => void, onEnd: (error: Error) => void): void;
  /** Keeps the process alive while answers are waited for. */
  hold?(waiting: boolean): void;
  /** Ends the line, and the worker where this is the side that started it. */
  close(): Promise<void>;
}

/** What a task knows of the call that it answers. */
export interface Job {
  /** Aborted once the caller has given up: throw its reason then. */
  readonly signal: AbortSignal;
  /** Says what is being done now, and the share that is done, 0 to 1, where it is known. */
  readonly progress: (doing: string, share?: number) => void;
}

type Task = (input: never, job: Job) => Promise<unknown>;

/** What a worker can do, by name. Inputs and outputs are what can be sent to a worker. */
export type Tasks = Readonly<Record<string, Task>>;

/** A mistake in the worker's program. Message and stack are the worker's. */
export class UnforeseenError extends Error {
  override name = 'UnforeseenError';

  constructor(message: string, stack: string | undefined) {
    super(message);
    this.stack = stack ?? message;
  }
}

type Failure =
  | ErrorData['error']
  | { readonly kind: 'abort' }
  | { readonly kind: 'unforeseen'; readonly message: string; readonly stack: string | undefined };

type Question = { readonly id: number; readonly task: string; readonly input: unknown } | { readonly abort: number };
type End = { readonly id: number } & ({ readonly output: unknown } | { readonly failure: Failure });
type Answer = End | { readonly id: number; readonly doing: string; readonly share: number | undefined };

/** What goes along with an output without a copy. */
const handedOver = new WeakMap<object, readonly object[]>();

/** The same output; these parts of it (buffers, pictures) are handed to the caller without a copy, and gone here. */
export function handingOver<T extends object>(output: T, parts: readonly object[]): T {
  handedOver.set(output, parts);
  return output;
}

/** Answers calls of these tasks, each as it comes; {@link oneByOne} makes them wait for each other. */
export function serve(port: Port, tasks: Tasks): void {
  const underWay = new Map<number, AbortController>();
  const answer = (message: Answer, transfer?: readonly object[]) => port.postMessage(message, transfer);

  async function work(id: number, task: string, input: unknown): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    underWay.set(id, controller);
    try {
      const progress = (doing: string, share?: number) => answer({ id, doing, share });
      const output = await required(tasks, task)(input as never, { signal, progress });
      answer({ id, output }, handedOver.get(output as object));
    } catch (error) {
      answer({ id, failure: failureOf(error, signal) });
    } finally {
      underWay.delete(id);
    }
  }

  port.listen(
    (message) => {
      const question = message as Question;
      if ('abort' in question) underWay.get(question.abort)?.abort();
      else void work(question.id, question.task, question.input);
    },
    () => {
      for (const controller of underWay.values()) controller.abort();
    },
  );
}

function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted && error === signal.reason) return { kind: 'abort' };
  if (error instanceof InputError || error instanceof WorkError) return errorData(error).error;
  if (error instanceof Error) return { kind: 'unforeseen', message: error.message, stack: error.stack };
  return { kind: 'unforeseen', message: String(error), stack: undefined };
}

/**
 * Lets messages in: one to ourselves arrives after those that already wait. (A browser makes a timer wait 4 ms each time.)
 * @throws the signal's reason where the caller has given up
 */
export async function breathe(signal: AbortSignal): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.addEventListener('message', resolve);
    port1.start();
    port2.postMessage(undefined);
  });
  port1.close();
  signal.throwIfAborted();
}

/** The same tasks, one after the other in the order of the calls. What is given up while it waits is not begun. */
export function oneByOne<T extends Tasks>(tasks: T): T {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn =
    (task: Task): Task =>
    (input, job) => {
      const result = last.then(() => breathe(job.signal)).then(() => task(input, job));
      last = result.catch(() => undefined);
      return result;
    };
  return Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, inTurn(task)])) as unknown as T;
}

export interface CallOptions {
  /** Gives up the call: once the task has stopped, the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doing: string, share: number | undefined) => void) | undefined;
}

/** The caller's end of a worker: its tasks as functions. */
export type Connection<T> = {
  readonly [K in keyof T]: T[K] extends (input: infer I, job: Job) => Promise<infer O>
    ? (input: I, options?: CallOptions) => Promise<O>
    : never;
};

/**
 * Connects to a worker that {@link serve}s these tasks. A call throws what its task threw: InputError with its problems, WorkError,
 * or an {@link UnforeseenError}. When the worker dies, all calls fail with the port's error.
 */
export function connect<T>(port: Port): Connection<T> {
  interface Waiting extends CallOptions {
    readonly resolve: (end: End) => void;
    readonly reject: (error: Error) => void;
  }
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let ended: Error | undefined;
  port.listen(
    (message) => {
      const answer = message as Answer;
      const call = waiting.get(answer.id);
      if ('doing' in answer) call?.onProgress?.(answer.doing, answer.share);
      else call?.resolve(answer);
    },
    (error) => {
      ended ??= error;
      for (const { reject } of waiting.values()) reject(ended);
    },
  );

  async function call(task: string, input: unknown, options: CallOptions): Promise<unknown> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (ended) throw ended;
    const id = next++;
    const ask = (question: Question) => port.postMessage(question);
    const giveUp = () => ask({ abort: id });
    signal?.addEventListener('abort', giveUp);
    try {
      const end = await new Promise<End>((resolve, reject) => {
        waiting.set(id, { ...options, resolve, reject });
        port.hold?.(true);
        ask({ id, task, input });
      });
      if ('output' in end) return end.output;
      if (end.failure.kind === 'abort') signal?.throwIfAborted();
      throw errorOf(end.failure);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      waiting.delete(id);
      if (waiting.size === 0) port.hold?.(false);
    }
  }
  const byName =
    (task: string) =>
    (input: unknown, options: CallOptions = {}) =>
      call(task, input, options);
  return new Proxy({} as Connection<T>, { get: (_, task) => byName(String(task)) });
}

function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case 'input':
      return new InputError(failure.problems.length > 0 ? failure.problems : failure.message);
    case 'work':
      return new WorkError(failure.message);
    case 'abort':
      return new Error('the worker has given up');
    case 'unforeseen':
      return new UnforeseenError(failure.message, failure.stack);
  }
}
