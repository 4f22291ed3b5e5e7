import { readFileSync } from 'node:fs';
import {
  add,
  compile,
  constant,
  gradients,
  input,
  logSoftmax,
  mean,
  mul,
  neg,
  sizeOf,
  sum,
  type Program,
  type Value,
} from 'onnx-autodiff';
import { expect } from 'vitest';
import type { DropoutSite } from '../model/dropout.js';
import {
  initialise,
  named,
  parameterCount,
  parameterInputs,
  type NetworkSize,
  type Parameters,
  type ParameterSpec,
  type ParameterSpecs,
} from '../model/layers.js';
import type { Peer, PeerOutputs } from '../model/peers/peer.js';
import { key, uniform } from '../random/counter.js';
import { adamState, adamStep } from '../training/adam.js';
import { normals } from './graph.js';

/** Sizes of the fixtures in model/peers/pytorch, small and as in the paper; see common.py there. */
export const SMALL_SIZE: NetworkSize = { patchWidth: 8, genes: { tumour: 5, microenvironment: 7 }, classes: 4 };
const PAPER_SIZE: NetworkSize = { patchWidth: 1024, genes: { tumour: 59, microenvironment: 361 }, classes: 4 };
const SAMPLES = 2;

/** A gradient counts as at least this fraction of the longest: that of a bias before a softmax is zero but for rounding. */
const ROUNDING = 1e-2;
/** Largest deviation of float32 here from float64 there; 6.3e-6 was seen, in MCAT. */
const TOLERANCE = 2e-5;

interface Digest {
  readonly norm: number;
  readonly along: number;
  readonly elements: readonly number[];
}

interface Case {
  readonly tokens: number;
  readonly dropped: boolean;
  readonly logits: readonly number[];
  readonly auxiliary?: readonly number[];
  readonly gradients: Readonly<Record<string, Digest>>;
}

interface Fixture {
  readonly parameterCount: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly cases: readonly Case[];
}

export function readFixture(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`../model/peers/pytorch/${name}.json`, import.meta.url), 'utf8')) as Fixture;
}

/** Uniform on [−1, 1), as common.py draws them. */
const signed = (seed: number, name: string, n: number) =>
  Float32Array.from({ length: n }, (_, i) => 2 * uniform(key(seed, name), i) - 1);

/** A peer's parameters by name. */
export function parametersOf(peer: Peer, size: NetworkSize): ParameterSpecs {
  return Object.fromEntries(named<ParameterSpec>(peer.layers(size)));
}

/** The parameters of the fixtures: matrices and kernels of variance 1/fan_in, vectors within ±0.1, scales around 1. */
function drawParameters(specs: ParameterSpecs): Parameters {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const bound = shape.length > 1 ? Math.sqrt(3 / sizeOf(shape.slice(1))) : 0.1;
      const k = key(1, name);
      const drawn = Float32Array.from({ length: sizeOf(shape) }, (_, i) => bound * (2 * uniform(k, i) - 1));
      return [name, name.endsWith('.scale') ? drawn.map((x) => 1 + x) : drawn];
    }),
  );
}

interface PeerProgram {
  readonly program: Program;
  readonly sites: readonly DropoutSite[];
  readonly dispose: () => Promise<void>;
}

/** A peer's outputs and loss on a batch, with the gradients of all parameters. */
async function compilePeer(
  peer: Peer,
  size: NetworkSize,
  { samples, tokens, dropped }: { samples: number; tokens: number; dropped: boolean },
  loss: (outputs: PeerOutputs) => Value,
): Promise<PeerProgram> {
  const p = parameterInputs(peer.layers(size));
  const parameters = named<Value>(p);
  const genes = {
    tumour: input('tumour', [samples, size.genes.tumour]),
    microenvironment: input('microenvironment', [samples, size.genes.microenvironment]),
  };
  const sites: DropoutSite[] = [];
  const dropout = dropped ? { rate: 0.1, sites, prefix: '' } : undefined;
  const outputs = peer.network({ X: input('X', [samples, tokens, size.patchWidth]), genes }, p, dropout);
  expect(outputs.logits.shape).toEqual([samples, size.classes]);
  if (outputs.auxiliary) expect(outputs.auxiliary.shape).toEqual([samples]);
  const total = loss(outputs);
  const derivatives = gradients(
    total,
    parameters.map(([, value]) => value),
  );
  const program = await compile<string>({
    ...outputs,
    loss: total,
    ...Object.fromEntries(parameters.map(([name], i) => [name, derivatives[i]])),
  });
  return { program, sites, dispose: () => program.dispose() };
}

/** What a program is fed: of these, what it reads. */
const fed = (program: Program, feeds: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => name in program.inputs));

const scaled = (x: Float32Array, factor: number) => x.map((v) => factor * v);

/**
 * Asserts that a peer's outputs, and the gradients of their weighted sum, are those of the PyTorch modules that wrote a fixture's case.
 * Gradients: length, product with a fixed vector and single elements, within TOLERANCE of the length that they would have
 * were all elements alike.
 */
export async function expectFixtureCase(
  peer: Peer,
  { tokens, dropped, logits, auxiliary, gradients: expected }: Case,
): Promise<void> {
  const { patchWidth, genes } = SMALL_SIZE;
  const weigh = (name: string, y: Value) => sum(mul(y, constant(signed(4, name, sizeOf(y.shape)), y.shape)));
  const weighted = (y: PeerOutputs) => {
    const ofLogits = weigh('logits', y.logits);
    return y.auxiliary ? add(ofLogits, weigh('auxiliary', y.auxiliary)) : ofLogits;
  };
  const compiled = await compilePeer(peer, SMALL_SIZE, { samples: SAMPLES, tokens, dropped }, weighted);
  const { program, sites } = compiled;
  const masks = sites.map(({ name, shape, rate }) => {
    const k = key(5, name);
    return [
      name,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => (uniform(k, i) < rate ? 0 : 1 / (1 - rate))),
    ] as const;
  });
  const results = await program.run(
    fed(program, {
      ...drawParameters(parametersOf(peer, SMALL_SIZE)),
      ...Object.fromEntries(masks),
      X: scaled(signed(6, 'X', SAMPLES * tokens * patchWidth), 2),
      tumour: scaled(signed(6, 'tumour', SAMPLES * genes.tumour), 2),
      microenvironment: scaled(signed(6, 'microenvironment', SAMPLES * genes.microenvironment), 2),
    }),
  );
  for (const [name, values] of Object.entries({ logits, ...(auxiliary && { auxiliary }) })) {
    const largest = Math.max(...values.map(Math.abs));
    values.forEach((y, i) => expect(Math.abs(results[name][i] - y) / largest, `${name} ${i}`).toBeLessThan(TOLERANCE));
  }
  expect(Object.keys(expected).sort()).toEqual(Object.keys(parametersOf(peer, SMALL_SIZE)).sort());
  const longest = Math.max(...Object.values(expected).map(({ norm }) => norm));
  for (const [name, { norm, along, elements }] of Object.entries(expected)) {
    const g = results[name];
    const n = g.length;
    const length = Math.max(norm, ROUNDING * longest);
    const near = (found: number, value: number, scale: number, what: string) =>
      expect(Math.abs(found - value) / scale, `${what} of ${name}: ${found}, expected ${value}`).toBeLessThan(
        TOLERANCE,
      );
    near(Math.sqrt(g.reduce((t, x) => t + x * x, 0)), norm, length, 'length');
    const direction = signed(2, name, n);
    near(
      g.reduce((t, x, i) => t + x * direction[i], 0),
      along,
      length,
      'product',
    );
    const size = Math.max(length / Math.sqrt(n), ...elements.map(Math.abs));
    const k = key(3, name);
    elements.forEach((value, i) => near(g[Math.floor(uniform(k, i) * n)], value, size, `element ${i}`));
  }
  await compiled.dispose();
}

/** Asserts a peer's number of parameters at the paper's size, and its shapes at the small one, against a fixture's. */
export function expectParameters(peer: Peer, { parameterCount: count, shapes }: Fixture): void {
  expect(parameterCount(parametersOf(peer, PAPER_SIZE))).toBe(count);
  expect(
    Object.fromEntries(Object.entries(parametersOf(peer, SMALL_SIZE)).map(([name, { shape }]) => [name, shape])),
  ).toEqual(shapes);
}

/** A peer's dropout sites on one small sample: name without `dropout.`, and rate. */
export function dropoutRates(peer: Peer, tokens = 36): Record<string, number> {
  const sites: DropoutSite[] = [];
  const inputOf = (name: string, shape: number[]) => input(name, shape);
  peer.network(
    {
      X: inputOf('X', [1, tokens, SMALL_SIZE.patchWidth]),
      genes: {
        tumour: inputOf('tumour', [1, SMALL_SIZE.genes.tumour]),
        microenvironment: inputOf('microenvironment', [1, SMALL_SIZE.genes.microenvironment]),
      },
    },
    parameterInputs(peer.layers(SMALL_SIZE)),
    { rate: 0.1, sites, prefix: '' },
  );
  expect(new Set(sites.map(({ name }) => name)).size, 'names of sites are unique').toBe(sites.length);
  return Object.fromEntries(sites.map(({ name, rate }) => [name.replace('dropout.', ''), rate]));
}

/** Trains a peer with Adam on 8 random samples without dropout, and gives its loss before each step and the right answers at the last. */
export async function overfit(
  peer: Peer,
  { steps, learningRate }: { steps: number; learningRate: number },
): Promise<{ losses: number[]; right: number }> {
  const samples = 8;
  const tokens = 36;
  const { patchWidth, genes, classes } = SMALL_SIZE;
  const target = Float32Array.from({ length: samples * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  );
  const loss = ({ logits, auxiliary }: PeerOutputs) => {
    const crossEntropy = neg(mean(sum(mul(logSoftmax(logits), input('target', [samples, classes])), [1])));
    return auxiliary ? add(crossEntropy, mean(auxiliary)) : crossEntropy;
  };
  const compiled = await compilePeer(peer, SMALL_SIZE, { samples, tokens, dropped: false }, loss);
  const { program } = compiled;
  const parameters = initialise(parametersOf(peer, SMALL_SIZE), 1);
  const state = adamState(parameters);
  const feeds = {
    X: normals('X', samples * tokens * patchWidth),
    tumour: normals('tumour', samples * genes.tumour),
    microenvironment: normals('microenvironment', samples * genes.microenvironment),
    target,
  };
  const losses: number[] = [];
  let right = 0;
  for (let step = 0; step < steps; step++) {
    const results = await program.run(fed(program, { ...parameters, ...feeds }));
    losses.push(results['loss'][0]);
    right = 0;
    for (let b = 0; b < samples; b++) {
      const row = results['logits'].subarray(b * classes, (b + 1) * classes);
      if (row.indexOf(Math.max(...row)) === b % classes) right++;
    }
    adamStep(parameters, results, state, { learningRate, weightDecay: 0 });
  }
  await compiled.dispose();
  return { losses, right };
}
