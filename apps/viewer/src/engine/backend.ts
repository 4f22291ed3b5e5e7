import { openBackend as openLibraryBackend, type Backend } from 'subspace-fusion/browser';
import type { Job } from './rpc.js';

/** Where the network can run. */
export type BackendName = 'webassembly' | 'webgpu';

/** Where the network runs. While it works for a job, it lets messages in between its parts and stops where the caller gave up. */
export interface BrowserBackend extends Backend {
  readonly name: BackendName;
  /** Told after each part of a graph. */
  observe(): void;
  job: Job | undefined;
}

const PROVIDERS = { webassembly: 'cpu', webgpu: 'webgpu' } as const;

/** WebGPU where a real device stands behind it, otherwise WebAssembly; or what is asked for. */
export async function openBackend(wanted: BackendName | undefined): Promise<BrowserBackend> {
  const opened = await openLibraryBackend({
    provider: wanted && PROVIDERS[wanted],
    between: async () => void (await backend.job?.breathe()),
  });
  const backend: BrowserBackend = {
    ...opened,
    name: opened.provider === 'webgpu' ? 'webgpu' : 'webassembly',
    observe: () => backend.job?.step(),
    job: undefined,
  };
  return backend;
}
