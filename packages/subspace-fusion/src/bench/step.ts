import type { Provider } from 'onnx-autodiff';
import { initialise, networkParameters, type NetworkSize } from '../model/parameters.js';
import { key, normal, uniform } from '../random/counter.js';
import { adamState, adamStep } from '../training/adam.js';
import { openBackend, type PositionBiasForm } from '../training/backend.js';
import type { BatchLabels, Sample } from '../training/batch.js';
import { confidences } from '../training/confidence.js';
import { coordinate } from '../training/coordination.js';
import { createPredictor } from '../training/inference.js';
import type { Model } from '../training/model.js';
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
}

/** The paper's gene sets and patch features; survival bins. */
const SIZE: NetworkSize = { patchWidth: 1024, genes: { tumour: 59, microenvironment: 361 }, classes: 4 };
const WARM_UP = 1;

/** Seconds and memory of whole training steps (or of predicting a batch) on random data: network, consistency, coordination, Adam, dropout. */
export async function benchStep(options: BenchOptions): Promise<BenchResult> {
  const backend = await openBackend(options);
  const { run, dispose } = await (options.mode === 'train' ? trainingWork : inferenceWork)(options, backend);
  const seconds: number[] = [];
  for (let i = 0; i < options.steps + WARM_UP; i++) {
    const started = performance.now();
    await run(i);
    if (i >= WARM_UP) seconds.push((performance.now() - started) / 1000);
  }
  await dispose();
  await backend.close();
  seconds.sort((a, b) => a - b);
  const middle = seconds.length / 2;
  const median = (seconds[Math.ceil(middle) - 1]! + seconds[Math.floor(middle)]!) / 2;
  return { secondsPerStep: median, peakMemoryBytes: process.resourceUsage().maxRSS * 1024, threads: backend.threads, provider: backend.provider };
}

type Backend = Awaited<ReturnType<typeof openBackend>>;
interface Work {
  run(step: number): Promise<void>;
  dispose(): Promise<void>;
}

async function trainingWork({ bag, batch, microBatch }: BenchOptions, backend: Backend): Promise<Work> {
  const parameters = initialise(networkParameters(SIZE), 1);
  const adam = adamState(parameters);
  const samples = randomSamples(bag, batch);
  const labels = randomLabels(batch);
  const step = createStep({ size: SIZE, tokens: bag, task: 'survival', consistency: 'corrected', dropout: 0.1, microBatch, backend });
  return Promise.resolve({
    async run(i) {
      const { gradients, z } = await step.gradients(parameters, samples, labels, { seed: 1, step: i });
      coordinate(gradients['head.weight']!, confidences(z, parameters, labels), 'corrected');
      adamStep(parameters, gradients, adam, { learningRate: 1e-3, weightDecay: 1e-4 });
    },
    dispose: () => step.dispose(),
  });
}

async function inferenceWork({ bag, batch }: BenchOptions, backend: Backend): Promise<Work> {
  const outcome = { kind: 'survival', cuts: [1, 2, 3], timeUnit: 'years' } as const;
  const model = { size: SIZE, tokens: bag, outcome } as unknown as Model;
  const predictor = await createPredictor(model, initialise(networkParameters(SIZE), 1), backend);
  const samples = randomSamples(bag, batch);
  return {
    async run() {
      for (const sample of samples) await predictor.run(sample);
    },
    dispose: () => predictor.dispose(),
  };
}

function randomSamples(tokens: number, batch: number): Sample[] {
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
  return { kind: 'survival', labels: Array.from({ length: batch }, (_, b) => ({ bin: b % 4, censored: b % 3 === 2, time: 1 + ((b * 7) % 11) })) };
}
