import { plainDropoutMask } from '../model/dropout.js';
import { densePositionBias } from '../model/dense-bias.js';
import { createKernels } from '../model/kernels/kernels.js';
import { kernelPositionBias } from '../model/kernels/operations.js';
import type { Backend } from './backend.js';

export interface WebBackendOptions {
  /** By default WebGPU where a real device stands behind it, otherwise WebAssembly. */
  readonly provider?: 'cpu' | 'webgpu' | undefined;
  /** Waited for before each long computation on the CPU: lets a worker take messages in, and may throw to give up. */
  readonly between?: (() => Promise<void>) | undefined;
}

/** More threads than this gain little on one patient. */
const MOST_THREADS = 4;

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}

/** As much of a browser as is asked. */
interface Browser {
  readonly crossOriginIsolated?: boolean;
  readonly navigator: {
    readonly hardwareConcurrency: number;
    readonly gpu?: { requestAdapter(): Promise<Adapter | null> };
  };
}

/** Opens the kernels that the network runs on in a browser, page or worker; `close` ends their threads. */
export async function openBackend({ provider, between }: WebBackendOptions = {}): Promise<Backend> {
  const browser = globalThis as unknown as Browser;
  const chosen = provider ?? ((await hasGraphicsCard(browser)) ? 'webgpu' : 'cpu');
  // Threads share memory, which a page may do only when it is isolated from other origins.
  const threads = browser.crossOriginIsolated ? Math.min(MOST_THREADS, browser.navigator.hardwareConcurrency) : 1;
  const kernels = await createKernels({ threads });
  const breathe = async () => between?.();
  return {
    provider: chosen,
    threads,
    positionBias:
      chosen === 'webgpu'
        ? densePositionBias
        : kernelPositionBias({
            ...kernels,
            bias: (...values) => breathe().then(() => kernels.bias(...values)),
            biasGradients: (...values) => breathe().then(() => kernels.biasGradients(...values)),
            attend: (...values) => breathe().then(() => kernels.attend(...values)),
            attendGradients: (...values) => breathe().then(() => kernels.attendGradients(...values)),
          }),
    fillMask: (mask, k, rate) => plainDropoutMask(mask, k, 1 - rate),
    close: () => kernels.close(),
  };
}

/** Whether WebGPU would run on more than the processor. */
async function hasGraphicsCard({ navigator: { gpu } }: Browser): Promise<boolean> {
  const info = (await gpu?.requestAdapter().catch(() => null))?.info;
  return info !== undefined && info.isFallbackAdapter !== true && info.architecture !== 'swiftshader';
}
