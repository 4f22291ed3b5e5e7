import { openModel } from 'onnx-autodiff';
import { describe, expect, test } from 'vitest';
import { choiceParameters, METHOD, type NetworkChoice } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { WHOLE } from '../model/parts.js';
import { PEERS, type PeerName } from '../model/peers/index.js';
import type { Model } from '../runs/model.js';
import { normals } from '../testing/graph.js';
import { largestDifference } from './check.js';
import { portableModel } from './export.js';

const scaling = (names: string, n: number): Model['scaling']['tumour'] => ({
  transform: 'log2p1',
  genes: Array.from({ length: n }, (_, i) => `${names}${i}`),
  mean: Array.from({ length: n }, (_, i) => 2 + i),
  deviation: Array.from({ length: n }, (_, i) => (i === 2 ? 0 : 1 + i / 4)),
});

/** A model of random parameters. */
function modelOf(
  network: NetworkChoice,
  more: Partial<Model> = {},
): { model: Model; parameters: Record<string, Float32Array> } {
  const size = { patchWidth: 12, genes: { tumour: 5, microenvironment: 7 }, classes: 4, ...more.size };
  const model: Model = {
    format: 1,
    task: 'survival',
    labels: 'who2021',
    network,
    outcome: { kind: 'survival', cuts: [10, 20, 30], timeUnit: 'months' },
    tokens: 64,
    scaling: { tumour: scaling('T', 5), microenvironment: scaling('M', 7) },
    encoder: undefined,
    inputs: {},
    version: '0',
    ...more,
    size,
  };
  return { model, parameters: initialise(choiceParameters(network, size), 5) };
}

const difference = (network: NetworkChoice, more?: Partial<Model>) => {
  const { model, parameters } = modelOf(network, more);
  return largestDifference(portableModel(model, parameters), model, parameters);
};
const inputsOf = async (network: NetworkChoice, more?: Partial<Model>) => {
  const { model, parameters } = modelOf(network, more);
  const portable = await openModel(portableModel(model, parameters));
  const names = portable.inputs.map(({ name }) => name);
  await portable.dispose();
  return names.sort();
};

const GENES = ['microenvironment_genes', 'tumour_genes'];

describe('an exported model predicts what the run does', () => {
  test.each<[string, Model['outcome'], number]>([
    ['survival', { kind: 'survival', cuts: [10, 20, 30], timeUnit: 'months' }, 4],
    ['survival, calibrated', { kind: 'survival', cuts: [10, 20], timeUnit: 'months', end: 44 }, 3],
    ['classes, weighted', { kind: 'classes', classes: ['a', 'b', 'c'], weights: [1, 4, 2.5] }, 3],
  ])('%s', async (_name, outcome, classes) => {
    const size = { patchWidth: 12, genes: { tumour: 5, microenvironment: 7 }, classes };
    expect(await difference(METHOD, { outcome, size })).toBeLessThan(1e-6);
  });

  test.each<[string, Partial<typeof WHOLE>]>([
    ['one branch', { subspaces: 'joint' }],
    ['plain attention', { attention: 'plain', positionBias: false }],
    ['no position bias', { positionBias: false }],
    ['stand-ins', { standIns: true }],
  ])('the method with %s', async (_name, parts) => {
    expect(await difference({ name: 'subspace', parts: { ...WHOLE, ...parts } })).toBeLessThan(1e-6);
  });

  test('covariates are an input', async () => {
    const size = { patchWidth: 12, genes: { tumour: 5, microenvironment: 7 }, classes: 4, covariates: 3 };
    expect(await difference(METHOD, { size })).toBeLessThan(1e-6);
    expect(await inputsOf(METHOD, { size })).toEqual(['covariates', 'features', ...GENES]);
  });

  test.each(Object.keys(PEERS) as PeerName[])('%s', async (name) => {
    expect(await difference({ name })).toBeLessThan(1e-6);
    const { reads } = PEERS[name];
    expect(await inputsOf({ name })).toEqual([
      ...(reads.includes('bag') ? ['features'] : []),
      ...(reads.includes('genes') ? GENES : []),
    ]);
  });
});

test('what another parameter, or another scaling, makes of it is seen', async () => {
  const { model, parameters } = modelOf(METHOD);
  const exported = portableModel(model, parameters);
  const changed = {
    ...parameters,
    'tumour.projection.bias': parameters['tumour.projection.bias'].map((x) => x + 0.01),
  };
  expect(await largestDifference(exported, model, changed)).toBeGreaterThan(1e-5);
  const shifted = { ...model.scaling.tumour, mean: model.scaling.tumour.mean.map((m) => m + 0.5) };
  expect(
    await largestDifference(exported, { ...model, scaling: { ...model.scaling, tumour: shifted } }, parameters),
  ).toBeGreaterThan(1e-5);
});

test('without a slide the features do not count, where the network has stand-ins', async () => {
  const { model, parameters } = modelOf({ name: 'subspace', parts: { ...WHOLE, standIns: true } });
  const portable = await openModel(portableModel(model, parameters));
  const one = { data: Float32Array.of(1), shape: [1] };
  const none = { data: Float32Array.of(0), shape: [1] };
  const [tumour, microenvironment] = [normals('t', 5), normals('m', 7)];
  const genes = {
    tumour_genes: { data: tumour.map(Math.abs), shape: [5] },
    microenvironment_genes: { data: microenvironment.map(Math.abs), shape: [7] },
  };
  const run = async (features: Float32Array, has: typeof one) =>
    (
      await portable.run(
        {
          ...genes,
          features: { data: features, shape: [features.length / 12, 12] },
          has_features: has,
          has_genes: one,
        },
        ['hazards'],
      )
    )['hazards'].data;
  const without = await run(new Float32Array(12), none);
  expect(await run(normals('f', 50 * 12), none)).toEqual(without);
  expect(await run(normals('f', 50 * 12), one)).not.toEqual(without);
  await portable.dispose();
});
