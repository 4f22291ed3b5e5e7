import { availableParallelism } from 'node:os';
import { compile, constant, type Provider } from 'onnx-autodiff';
import { counted, InputError, type Problem } from '../files/errors.js';
import type { PositionBias } from '../model/attention.js';
import { plainDropoutMask } from '../model/dropout.js';
import { densePositionBias } from '../model/dense-bias.js';
import { createKernels } from '../model/kernels/kernels.js';
import { kernelPositionBias } from '../model/kernels/operations.js';

/** How the position bias is computed: `regions`, exact and fast on CPUs; `dense`, in the graph, for GPUs. */
export type PositionBiasForm = 'regions' | 'dense';

/** Where the network runs, and what runs beside its graphs. */
export interface Backend {
  readonly provider: Provider;
  readonly threads: number;
  readonly positionBias: PositionBias;
  /** Fills a dropout mask: element i is 1/(1 − rate), or 0 with probability `rate`, a function of the stream `k` and i alone. */
  fillMask(mask: Float32Array, k: number, rate: number): Promise<void> | void;
  close(): Promise<void>;
}

/** From this size on, a mask is worth the way to the kernel and back. */
const LARGE_MASK = 1 << 12;

export interface BackendOptions {
  readonly provider?: Provider;
  /** Default, and largest that is used: as many as there are cores. */
  readonly threads?: number | undefined;
  /** Default: `regions` on the CPU, `dense` elsewhere. */
  readonly positionBias?: PositionBiasForm;
}

/**
 * Opens the kernels that the network runs on; `close` ends their threads.
 * @throws InputError where this machine does not have the provider.
 */
export async function openBackend(options: BackendOptions = {}): Promise<Backend> {
  const { provider = 'cpu' } = options;
  const threads = threadsHere(options.threads);
  const form = options.positionBias ?? (provider === 'cpu' ? 'regions' : 'dense');
  if (provider !== 'cpu') await requireProvider(provider);
  const kernels = await createKernels({ threads });
  return {
    provider,
    threads,
    positionBias: form === 'regions' ? kernelPositionBias(kernels) : densePositionBias,
    fillMask: (mask, k, rate) =>
      mask.length < LARGE_MASK ? plainDropoutMask(mask, k, 1 - rate) : kernels.dropoutMask(mask, k, 1 - rate),
    close: () => kernels.close(),
  };
}

/** Threads that work here: one per core where `asked` says nothing, or more. */
const threadsHere = (asked = Infinity): number => Math.min(asked, availableParallelism());

/** What to say where a run's threads are more than this machine has cores, of which no more are used. */
export function fewerThreads(asked: number | undefined, file: string): Problem | undefined {
  const threads = threadsHere(asked);
  if (asked === undefined || asked === threads) return undefined;
  const message = `the run was trained with ${counted(asked, 'thread')}, and this machine has ${counted(threads, 'core')}`;
  return { severity: 'warning', file, message, remedy: 'No more are used; the last digits of results may differ' };
}

/** @throws {InputError} where a training is to have more threads than there are cores: with fewer it would be another run. */
export function requireCores(asked: number | undefined): void {
  const threads = threadsHere(asked);
  if (asked === undefined || asked === threads) return;
  throw new InputError(
    `'training.threads' is ${asked}, and this machine has ${counted(threads, 'core')}. The largest value here is ${threads}; without the key there is one thread per core.`,
  );
}

/** Tries the provider on a graph of one node. */
async function requireProvider(provider: Provider): Promise<void> {
  try {
    const program = await compile({ one: constant(1) }, { provider });
    await program.dispose();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new InputError(`The provider '${provider}' does not work on this machine (${reason}). Use cpu.`);
  }
}
