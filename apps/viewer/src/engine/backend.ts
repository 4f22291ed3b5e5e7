import { createSweep, densePositionBias, sweepPositionBias, type Backend } from 'subspace-fusion/browser';
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

/** More threads than this gain little on one patient. */
const MOST_THREADS = 4;

/** WebGPU where a real device stands behind it, otherwise WebAssembly; or what is asked for. */
export async function openBackend(wanted: BackendName | undefined): Promise<BrowserBackend> {
  const name = wanted ?? ((await hasGraphicsCard()) ? 'webgpu' : 'webassembly');
  // Threads share memory, which a page may do only when it is isolated from other origins.
  const threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  const sweep = await createSweep({ threads });
  const breathe = async () => void (await backend.job?.breathe());
  const backend: BrowserBackend = {
    name,
    threads,
    provider: name === 'webgpu' ? 'webgpu' : 'cpu',
    positionBias:
      name === 'webgpu'
        ? densePositionBias
        : sweepPositionBias({
            ...sweep,
            forward: (...values) => breathe().then(() => sweep.forward(...values)),
            backward: (...values) => breathe().then(() => sweep.backward(...values)),
          }),
    fillMask: () => undefined, // nothing is trained here
    close: () => sweep.close(),
    observe: () => backend.job?.step(),
    job: undefined,
  };
  return backend;
}

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}

/** Whether WebGPU would run on more than the processor. */
async function hasGraphicsCard(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const info = (await gpu?.requestAdapter().catch(() => null))?.info;
  return info !== undefined && info.isFallbackAdapter !== true && info.architecture !== 'swiftshader';
}
