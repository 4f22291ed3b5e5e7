import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gridSide } from '../model/widths.js';
import { writeBagFile } from '../simulation/bag-file.js';
import { ahead } from '../training/ahead.js';
import { openBackend } from '../training/backend.js';
import { openBagReader } from '../training/bag-reader.js';
import { countOperations, matrixProductRate, type Operations } from './operations.js';
import { randomSamples, SIZE, trainingWork, type BenchOptions } from './step.js';

/** Where the time of a training step goes. */
export interface StepProfile {
  /** Mean over the steps. */
  readonly secondsPerStep: number;
  /** Seconds of each stage a step, in the order of their first turn. */
  readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
  /** Share of a step that the stages account for; the rest is feeds, copies and the event loop. */
  readonly accounted: number;
  /** Operations of one sample. */
  readonly operations: Operations;
  /** Operations a second of a large matrix product in the same process. */
  readonly matrixProductRate: number;
  /** Seconds that the operations as computed would take at that rate, for the batch. */
  readonly arithmeticLimit: number;
}

/** Times the stages of training steps whose bags are read from files, one batch ahead, as in training. */
export async function profileStep(options: BenchOptions): Promise<StepProfile> {
  const { bag, batch, steps } = options;
  const folder = await mkdtemp(join(tmpdir(), 'subspace-bench-'));
  const samples = randomSamples(bag, batch);
  const slides = samples.map((_, b) => ({ slide: `${b}`, path: join(folder, `${b}.h5`) }));
  for (const [b, { path }] of slides.entries()) await writeBagFile(path, samples[b].bag!, gridSide(bag));

  const backend = await openBackend(options);
  const reader = openBagReader({ size: SIZE, tokens: bag });
  const clock = new Map<string, number>();
  const observe = (stage: string, seconds: number) => void clock.set(stage, (clock.get(stage) ?? 0) + seconds);
  const work = trainingWork(options, backend, observe);
  const load = () => Promise.all(slides.map(async (slide, b) => ({ ...samples[b], bag: await reader.read(slide) })));
  try {
    const rate = await matrixProductRate(backend);
    let started = performance.now();
    let before = started;
    let step = 0;
    for await (const read of ahead(Array.from({ length: steps + 1 }), load)) {
      observe('waiting for bags', (performance.now() - before) / 1000);
      await work.run(step++, read);
      before = performance.now();
      if (step > 1) continue;
      clock.clear(); // the first step makes the sessions
      started = before;
    }
    const secondsPerStep = (performance.now() - started) / 1000 / steps;
    const stages = [...clock].map(([stage, seconds]) => ({ stage, seconds: seconds / steps }));
    const operations = countOperations(bag, SIZE.patchWidth);
    return {
      secondsPerStep,
      stages,
      accounted: stages.reduce((total, { seconds }) => total + seconds, 0) / secondsPerStep,
      operations,
      matrixProductRate: rate,
      arithmeticLimit: (batch * operations.asComputed) / rate,
    };
  } finally {
    await work.dispose();
    await reader.close();
    await backend.close();
    await rm(folder, { recursive: true });
  }
}

const explanations: Readonly<Record<string, string>> = {
  'waiting for bags': 'feature files not yet read by the reading thread',
  'dropout masks': 'drawn in WebAssembly',
  'project: session 0': 'P = ReLU(X·Wᵀ + b), both branches',
  'place: session 0': 'gene codes and key positions, for the consistency term',
  'consistency: session 0': 'consistency loss of the batch and its gradients',
  'learn: session 0': 'forward, up to the position bias',
  'learn: PositionBias': 'sweeps, forward',
  'learn: session 1': 'attention, loss, and backward to the position bias',
  'learn: PositionBiasGradient': 'sweeps, backward',
  'learn: session 2': 'the rest of the backward pass',
  'sum of gradients': 'over the micro-batches',
};

/** The profile as a table for a terminal, longest stage first. */
export function profileTable({
  secondsPerStep,
  stages,
  accounted,
  operations,
  matrixProductRate: rate,
  arithmeticLimit,
}: StepProfile): string {
  const line = (stage: string, seconds: number) =>
    `${stage.padEnd(30)}${(1000 * seconds).toFixed(2).padStart(10)}${((100 * seconds) / secondsPerStep).toFixed(1).padStart(8)}  ${explanations[stage] ?? ''}`.trimEnd();
  const longestFirst = [...stages].sort((a, b) => b.seconds - a.seconds);
  const accountedFor = stages.reduce((total, { seconds }) => total + seconds, 0);
  const giga = (n: number) => (n / 1e9).toFixed(1);
  return [
    `${'stage'.padEnd(30)}${'ms a step'.padStart(10)}${'%'.padStart(8)}`,
    ...longestFirst.map(({ stage, seconds }) => line(stage, seconds)),
    line('rest', secondsPerStep - accountedFor),
    line('step', secondsPerStep),
    '',
    `${(100 * accounted).toFixed(1)} % of the step is accounted for.`,
    `Operations a sample: ${giga(operations.asComputed)} G as computed, ${giga(operations.asWritten)} G as the network is written.`,
    `A large matrix product runs at ${giga(rate)} G operations/s: the operations alone would take ${arithmeticLimit.toFixed(3)} s, ` +
      `${((100 * arithmeticLimit) / secondsPerStep).toFixed(0)} % of the step.`,
  ].join('\n');
}
