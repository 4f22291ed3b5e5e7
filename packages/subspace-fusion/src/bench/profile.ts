import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, input, matmul } from 'onnx-autodiff';
import { ahead } from '../inference/ahead.js';
import { openBackend, type Backend } from '../inference/backend.js';
import { openBagReader } from '../inference/bag-reader.js';
import {
  BIAS_WIDTH,
  gridSide,
  GROUP_WIDTH,
  GROUPS,
  HEAD_WIDTH,
  keySide,
  OFFSET_KERNEL,
  WIDTH,
} from '../model/parts.js';
import { writeBagFile } from '../simulation/bags.js';
import { randomSamples, SIZE, trainingWork, type BenchOptions } from './step.js';

/** Floating-point operations of one sample's training step, both branches. */
export interface Operations {
  /** As the paper writes the network, the position bias evaluated at every pair; the backward pass costs twice the forward pass. */
  readonly asWritten: number;
  /** As it is computed here: reassociated attention, offsets in one convolution, the position bias by its linear pieces. */
  readonly asComputed: number;
}

/** Operations of the products; what is linear in one tensor (norms, softmax, biases) is left out. A multiplication and an addition are two. */
export function countOperations(tokens: number, patchWidth: number): Operations {
  const N = tokens;
  const s = gridSide(N);
  const M = keySide(s) ** 2;
  const taps = OFFSET_KERNEL.size ** 2;
  const product = (n: number, k: number, m: number) => 2 * n * k * m;

  const projection = product(N, patchWidth, WIDTH);
  const bias =
    GROUPS * (product(N * M, 2, BIAS_WIDTH) + product(N * M, BIAS_WIDTH, BIAS_WIDTH) + product(N * M, BIAS_WIDTH, 1));
  const heads = GROUPS * HEAD_WIDTH;
  const written =
    projection +
    product(N, 2 * WIDTH, WIDTH) +
    GROUPS * product(N + 2 * M, GROUP_WIDTH, HEAD_WIDTH) +
    product(M, taps, heads) +
    2 * product(N, heads, M) +
    product(N, heads, WIDTH) +
    bias;

  // A pair: its side of one line and its piece, forward and again backward; then the sums of its piece and the slopes of its key.
  const pieces = GROUPS * M * N * (2 * 8 + 10);
  const computed =
    2 * projection + // the patches need no gradient
    3 * product(N, WIDTH, WIDTH) + // fusion: the gene half is one vector
    4 * product(M, GROUP_WIDTH * taps, heads) + // offsets: in `place`, and forward and backward in `learn`
    7 * product(N, GROUPS * GROUP_WIDTH, M) + // attention, through 16 channels a group; the backward pass computes the logits again
    3 * product(N, WIDTH, WIDTH) +
    pieces;
  return { asWritten: 2 * 3 * written, asComputed: 2 * computed };
}

/** Operations a second of a large matrix product on the backend: the best of several runs. */
async function matrixProductRate(backend: Backend): Promise<number> {
  const n = 1024;
  const program = await compile({ y: matmul(input('a', [n, n]), input('b', [n, n])) }, backend);
  const feeds = { a: new Float32Array(n * n).fill(0.5), b: new Float32Array(n * n).fill(0.25) };
  let fastest = Infinity;
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await program.run(feeds);
    fastest = Math.min(fastest, (performance.now() - started) / 1000);
  }
  await program.dispose();
  return (2 * n ** 3) / fastest;
}

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
  for (const [b, { path }] of slides.entries()) await writeBagFile(path, samples[b].bag, gridSide(bag));

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
  'dropout masks': 'of the gene encoders',
  'project: session 0': 'P = ReLU(X·Wᵀ + b), both branches',
  'place: session 0': 'gene codes and key positions, for the consistency term',
  'consistency: session 0': 'consistency loss of the batch and its gradients',
  'learn: session 0': 'forward, up to attention',
  'learn: Attention': 'attention with the position bias, forward',
  'learn: session 1': 'forward and backward between the two passes of attention',
  'learn: AttentionGradient': 'attention with the position bias, backward',
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
