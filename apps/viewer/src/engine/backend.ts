import { breathe, openBackend as openLibraryBackend, type Backend } from 'subspace-fusion/browser';

/** Where the network can run. */
export type BackendName = 'webassembly' | 'webgpu';

/** What the network works for. */
export interface NetworkJob {
  readonly signal: AbortSignal;
  /** A part of a graph is done. */
  part(): void;
}

/** Where the network runs. While it works for a job, it lets messages in between its parts and stops where the caller gave up. */
export interface BrowserBackend extends Backend {
  readonly name: BackendName;
  /** Told after each part of a graph. */
  observe(): void;
  job: NetworkJob | undefined;
}

const PROVIDERS = { webassembly: 'cpu', webgpu: 'webgpu' } as const;

/** WebGPU where a real device stands behind it, otherwise WebAssembly; or what is asked for. */
export async function openBackend(wanted: BackendName | undefined): Promise<BrowserBackend> {
  const opened = await openLibraryBackend({
    provider: wanted && PROVIDERS[wanted],
    between: async () => void (backend.job && (await breathe(backend.job.signal))),
  });
  const backend: BrowserBackend = {
    ...opened,
    name: opened.provider === 'webgpu' ? 'webgpu' : 'webassembly',
    observe() {
      backend.job?.part();
      backend.job?.signal.throwIfAborted();
    },
    job: undefined,
  };
  return backend;
}
