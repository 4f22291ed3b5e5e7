import type { Provider } from 'onnx-autodiff';
import { openBackend, type Backend, type PositionBiasForm } from '../inference/backend.js';
import type { BatchLabels, Sample } from '../inference/batch.js';
import { createPredictor } from '../inference/predictor.js';
import { METHOD } from '../model/choice.js';
import { initialise, type NetworkSize } from '../model/layers.js';
import { networkParameters } from '../model/network.js';
import { ofSubspaces } from '../model/parts.js';
import { key, normal, uniform } from '../random/counter.js';
import { adamState, adamStep } from '../training/adam.js';
import { coordinate, subspaceConfidences } from '../training/coordination.js';
import { createStep } from '../training/step.js';

export interface BenchOptions {
  readonly bag: number;
  readonly batch: number;
  readonly microBatch?: number;
  readonly steps: number;
  readonly mode: 'train' | 'inference';
  readonly provider: Provider;
  readonly threads?: number;
  readonly positionBias?: PositionBiasForm;
}

export interface BenchResult {
  /** Median after warm-up. */
  readonly secondsPerStep: number;
  /** Highest resident memory of the process. */
  readonly peakMemoryBytes: number;
  readonly threads: number;
  readonly provider: string;
  /** From the start of the kernels to the end of the first step: sessions are made in it. */
  readonly secondsToFirstStep: number;
  /** Resident memory after a fifth of the steps and after all: equal but for noise where nothing leaks. */
  readonly residentBytes: readonly [number, number];
}

/** The paper's gene sets and patch features; survival bins. */
export const SIZE: NetworkSize = { patchWidth: 1024, genes: { tumour: 59, microenvironment: 361 }, classes: 4 };
const WARM_UP = 1;

/** Seconds and memory of whole training steps (or of predicting a batch) on random data: network, consistency, coordination, Adam, dropout. */
export async function benchStep(options: BenchOptions): Promise<BenchResult> {
  const begun = performance.now();
  const samples = randomSamples(options.bag, options.batch);
  const drawn = performance.now() - begun;
  const backend = await openBackend(options);
  const work = options.mode === 'train' ? trainingWork(options, backend) : await inferenceWork(options, backend);
  const seconds: number[] = [];
  const resident: number[] = [];
  let secondsToFirstStep = 0;
  for (let i = 0; i < options.steps + WARM_UP; i++) {
    const started = performance.now();
    await work.run(i, samples);
    if (i === 0) secondsToFirstStep = (performance.now() - begun - drawn) / 1000;
    if (i >= WARM_UP) seconds.push((performance.now() - started) / 1000);
    resident.push(process.memoryUsage.rss());
  }
  await work.dispose();
  await backend.close();
  return {
    secondsPerStep: median(seconds),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    threads: backend.threads,
    provider: backend.provider,
    secondsToFirstStep,
    residentBytes: [resident[Math.floor(resident.length / 5)], resident[resident.length - 1]],
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Something that can be done again and again. */
interface Work {
  run(step: number, samples: readonly Sample[]): Promise<void>;
  dispose(): Promise<void>;
}

/** Whole training steps. `observe` is told how long each stage took. */
export function trainingWork(
  { bag, batch, microBatch }: BenchOptions,
  backend: Backend,
  observe: (stage: string, seconds: number) => void = () => undefined,
): Work {
  const parameters = initialise(networkParameters(SIZE), 1);
  const adam = adamState(parameters);
  const labels = randomLabels(batch);
  const step = createStep({
    size: SIZE,
    tokens: bag,
    task: 'survival',
    consistency: 'corrected',
    dropout: 0.1,
    microBatch,
    backend,
    observe,
  });
  const timed = (stage: string, work: () => void) => {
    const started = performance.now();
    work();
    observe(stage, (performance.now() - started) / 1000);
  };
  return {
    async run(i, samples) {
      const { gradients, z } = await step.gradients(parameters, samples, labels, { seed: 1, step: i });
      timed('coordination', () =>
        coordinate(gradients['head.weight'], subspaceConfidences(ofSubspaces(z), parameters, labels), 'corrected'),
      );
      timed('Adam', () => adamStep(parameters, gradients, adam, { learningRate: 1e-3, weightDecay: 1e-4 }));
    },
    dispose: () => step.dispose(),
  };
}

async function inferenceWork({ bag }: BenchOptions, backend: Backend): Promise<Work> {
  const outcome = { kind: 'survival', cuts: [1, 2, 3], timeUnit: 'years' } as const;
  const model = { network: METHOD, size: SIZE, tokens: bag, outcome };
  const predictor = await createPredictor(model, initialise(networkParameters(SIZE), 1), backend);
  return {
    async run(_, samples) {
      for (const sample of samples) await predictor.run(sample);
    },
    dispose: () => predictor.dispose(),
  };
}

/** Random bags and expression of the paper's widths. */
export function randomSamples(tokens: number, batch: number): (Sample & { readonly bag: Float32Array })[] {
  const draw = (n: number, f: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => f(i));
  return Array.from({ length: batch }, (_, b) => {
    const k = key(1, 'bench', b);
    return {
      bag: draw(tokens * SIZE.patchWidth, (i) => uniform(k, i)),
      genes: {
        tumour: draw(SIZE.genes.tumour, (i) => normal(key(k, 'tumour'), i)),
        microenvironment: draw(SIZE.genes.microenvironment, (i) => normal(key(k, 'microenvironment'), i)),
      },
    };
  });
}

function randomLabels(batch: number): BatchLabels {
  return {
    kind: 'survival',
    labels: Array.from({ length: batch }, (_, b) => ({ bin: b % 4, censored: b % 3 === 2, time: 1 + ((b * 7) % 11) })),
  };
}
