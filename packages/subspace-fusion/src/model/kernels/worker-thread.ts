import type { Worker as NodeWorker } from 'node:worker_threads';

/** The little of the WebAssembly interface that is used here; the same in Node and in browsers. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, (...values: number[]) => number>>;
}

interface WasmInterface {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => WasmInstance;
  Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
}

export const wasm = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;

/** What a worker is told: first the module and the memory, then calls. It answers each with an empty message. */
export type WorkerMessage =
  | { readonly module: object; readonly memory: WasmMemory }
  | { readonly name: string; readonly values: readonly number[] };

/** A worker that runs kernels on the shared memory; the same for Node's worker threads and for web workers. */
export interface WorkerThread {
  post(message: WorkerMessage): void;
  /** Says whether the process should wait for this worker (Node only). */
  hold(busy: boolean): void;
  terminate(): Promise<void>;
}

/** What a worker reports. */
export interface WorkerEvents {
  answered(): void;
  failed(error: Error): void;
}

/** Plain JavaScript, so that it runs from sources, from a build and from a bundle without a file of its own. */
const workerSource = `
const port = typeof require === 'function' ? require('node:worker_threads').parentPort : self;
let kernel;
port.onmessage = ({ data }) => {
  if (data.module) kernel = new WebAssembly.Instance(data.module, { env: { memory: data.memory } }).exports;
  else kernel[data.name](...data.values);
  port.postMessage(null);
};`;

/** Node's worker threads, found without an import statement, which bundlers for browsers would follow; undefined in a browser. */
const nodeThreads = (globalThis as { process?: Partial<NodeJS.Process> }).process?.getBuiltinModule?.(
  'node:worker_threads',
);

/** Whether threads can share memory here: in Node, and in pages that are isolated from other origins. */
export function canShareMemory(): boolean {
  return nodeThreads !== undefined || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
}

/** Starts a worker that waits for its module. */
export function startWorker(events: WorkerEvents): WorkerThread {
  return nodeThreads === undefined ? startWebWorker(events) : startNodeWorker(nodeThreads.Worker, events);
}

function startNodeWorker(Worker: typeof NodeWorker, events: WorkerEvents): WorkerThread {
  const worker = new Worker(workerSource, { eval: true, execArgv: [] });
  worker.on('message', () => events.answered());
  worker.on('error', (error) => events.failed(error));
  worker.on('exit', () => events.failed(new Error('a worker thread of the position bias ended')));
  return {
    post: (message) => worker.postMessage(message),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    terminate: async () => void (await worker.terminate()),
  };
}

interface WebWorker {
  onmessage: () => void;
  onerror: (event: { readonly message: string }) => void;
  postMessage(message: WorkerMessage): void;
  terminate(): void;
}

function startWebWorker(events: WorkerEvents): WorkerThread {
  const { Worker } = globalThis as unknown as { Worker: new (url: string) => WebWorker };
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = () => {
    URL.revokeObjectURL(url);
    events.answered();
  };
  worker.onerror = (event) => events.failed(new Error(event.message));
  return {
    post: (message) => worker.postMessage(message),
    hold: () => undefined,
    terminate() {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
