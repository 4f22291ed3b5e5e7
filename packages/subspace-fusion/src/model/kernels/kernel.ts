import { sharedKernel, singleKernel } from './kernels-wasm.js';
import { canShareMemory, startWorker, wasm, type WasmMemory, type WorkerMessage } from './worker-thread.js';

/** The kernels of assembly/ with their memory and the threads that run them. One call at a time. */
export interface Kernel {
  readonly threads: number;
  /** Room for tables of linear pieces, and for the work of `call`; `layOut` leaves it alone. */
  readonly tables: readonly number[];
  readonly work: number;
  /** A function of the kernels that only tells a size. */
  size(name: Size, ...values: number[]): number;
  /**
   * Lays the memory out anew: `scratchBytes` for each thread, then areas of the given sizes in bytes. Returns the areas' addresses.
   * @throws RangeError when the memory cannot grow to that size.
   */
  layOut(scratchBytes: number, sizes: readonly number[]): number[];
  /** Views of the memory, good until the next `layOut`. */
  floats(address: number, length: number): Float32Array;
  doubles(address: number, length: number): Float64Array;
  integers(address: number, length: number): Uint32Array;
  /** Runs on the calling thread alone: see assembly/build.ts and assembly/sums.ts. */
  call(name: 'addUpTasks' | 'buildTable', ...values: number[]): void;
  /** Calls a kernel on all threads with (task counter, tasks, ...values, the thread's scratch memory). */
  run(name: Work, tasks: number, values: readonly number[]): Promise<void>;
  /** Ends the threads; a call under way and later ones are rejected. */
  close(): Promise<void>;
}

type Size =
  | 'attentionScratchBytes'
  | 'biasScratchBytes'
  | 'boundsOffset'
  | 'buildBytes'
  | 'countsOffset'
  | 'placeBytes'
  | 'sumsBytes'
  | 'tableBytes'
  | 'tasksOfGroup';
type Work = 'attend' | 'attendBackward' | 'biasBackward' | 'biasForward' | 'dropoutMask' | 'place';

/** Both branches', of two sizes of micro-batch. */
const TABLES = 4;

const PAGE = 65536;
/** 1 GiB: what scripts/build-kernels.mjs states for shared memory. */
const MAXIMUM_PAGES = 16384;

/** So few are done here before a thread would have begun. */
const FEW_TASKS = 2;

const CLOSED = 'the kernels are closed';

type Team = Pick<Kernel, 'close'> & {
  call(name: string, valuesOfThread: (thread: number) => readonly number[]): Promise<void>;
};

/** Compiles the kernels and starts workers; for one thread, or where memory cannot be shared, there is none and the caller runs them. */
export async function createKernel(wanted: number): Promise<Kernel> {
  if (!Number.isInteger(wanted) || wanted < 1)
    throw new RangeError(`threads must be a whole number from 1 on, not ${wanted}`);
  const threads = canShareMemory() ? wanted : 1;
  const shared = threads > 1;
  const module = await wasm.compile(fromBase64(shared ? sharedKernel : singleKernel));
  const memory = new wasm.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared });
  const { exports } = new wasm.Instance(module, { env: { memory } });
  const own: Team = {
    call(name, valuesOfThread) {
      exports[name](...valuesOfThread(0));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const team = shared ? await startTeam(threads, { module, memory }) : own;

  const counter = align(exports['heapBase']());
  const size: Kernel['size'] = (name, ...values) => exports[name](...values);
  const tables = Array.from({ length: TABLES }, (_, i) => counter + 64 + i * align(size('tableBytes')));
  const work = counter + 64 + TABLES * align(size('tableBytes'));
  const scratch = work + align(size('buildBytes'));
  growTo(memory, scratch);
  let scratchBytes = 0;
  let closed = false;

  return {
    threads,
    tables,
    work,
    size,
    layOut(bytes, sizes) {
      scratchBytes = align(bytes);
      let end = scratch + threads * scratchBytes;
      const addresses = sizes.map((size) => {
        const address = end;
        end += align(size);
        return address;
      });
      growTo(memory, end);
      return addresses;
    },
    floats: (address, length) => new Float32Array(memory.buffer, address, length),
    doubles: (address, length) => new Float64Array(memory.buffer, address, length),
    integers: (address, length) => new Uint32Array(memory.buffer, address, length),
    call: (name, ...values) => void exports[name](...values),
    async run(name, tasks, values) {
      if (closed) throw new Error(CLOSED);
      Atomics.store(new Int32Array(memory.buffer), counter / 4, 0);
      await (tasks <= FEW_TASKS ? own : team).call(name, (thread) => [
        counter,
        tasks,
        ...values,
        scratch + thread * scratchBytes,
      ]);
    },
    async close() {
      closed = true;
      await team.close();
    },
  };
}

/** Threads that each run the same call; the answer comes when all have answered. */
async function startTeam(size: number, start: WorkerMessage): Promise<Team> {
  let failure: Error | undefined;
  let waiting = 0;
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  const fail = (error: Error) => {
    failure ??= error;
    settle?.reject(failure);
  };
  const answered = () => {
    waiting -= 1;
    if (waiting === 0) settle?.resolve();
  };
  const workers = Array.from({ length: size }, () => startWorker({ answered, failed: fail }));

  async function ask(messageOf: (thread: number) => WorkerMessage): Promise<void> {
    if (failure) throw failure;
    for (const worker of workers) worker.hold(true);
    try {
      await new Promise<void>((resolve, reject) => {
        waiting = size;
        settle = { resolve, reject };
        workers.forEach((worker, thread) => worker.post(messageOf(thread)));
      });
    } finally {
      for (const worker of workers) worker.hold(false);
    }
  }

  async function close(): Promise<void> {
    fail(new Error(CLOSED));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  try {
    await ask(() => start);
  } catch (error) {
    await close();
    throw error;
  }
  return { call: (name, valuesOfThread) => ask((thread) => ({ name, values: valuesOfThread(thread) })), close };
}

function growTo(memory: WasmMemory, bytes: number): void {
  const missing = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing <= 0) return;
  if (bytes > MAXIMUM_PAGES * PAGE)
    throw new RangeError(`one group's position bias needs ${bytes} bytes, more than 1 GiB: use a smaller bag`);
  memory.grow(missing);
}

/** Rounds up to whole cache lines. */
function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
