import { compile, input } from 'onnx-autodiff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, type Backend } from '../inference/backend.js';
import type { Sample } from '../inference/batch.js';
import { createPredictor, outputsOf } from '../inference/predictor.js';
import { choiceParameters, METHOD } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { ofSubspaces, WHOLE } from '../model/parts.js';
import { bilinearSample } from '../model/sampling.js';
import type { SampledPoint } from '../runs/explanations.js';
import type { Model, Outcome } from '../runs/model.js';
import { defined } from '../testing/defined.js';
import { normals } from '../testing/graph.js';
import { randomBatch, SMALL } from '../testing/random-batch.js';
import { cellsRead, tokenAttention } from './attention.js';
import { geneAttributions, looks, modalityGame, subspaceGame, tokenAttributions } from './explain-sample.js';
import { openExplainer, type Explainer, type Point } from './explainer.js';
import { explainedOutput, explainedValue } from './prediction.js';

const TOKENS = 100;
const SURVIVAL: Outcome = { kind: 'survival', cuts: [1, 2, 3], timeUnit: 'months' };
const CLASSES: Outcome = { kind: 'classes', classes: ['a', 'b', 'c', 'd'], weights: [1, 2, 1, 4] };

function modelOf(outcome: Outcome, network: Model['network'] = METHOD, tokens = TOKENS): Model {
  const genes = (n: number, prefix: string) => Array.from({ length: n }, (_, g) => `${prefix}${g}`);
  const scaling = (names: string[]) => ({
    transform: 'none' as const,
    genes: names,
    mean: names.map(() => 0),
    deviation: names.map(() => 1),
  });
  return {
    format: 1,
    task: outcome.kind === 'survival' ? 'survival' : 'grade',
    labels: 'who2021',
    network,
    outcome,
    tokens,
    size: SMALL,
    scaling: { tumour: scaling(genes(5, 'T')), microenvironment: scaling(genes(7, 'M')) },
    encoder: undefined,
    inputs: {},
    version: 'test',
  };
}

/** Starting weights, but with attention that is far from even. */
function parametersOf(model: Model) {
  const p = initialise(choiceParameters(model.network, model.size), 1);
  for (const name of Object.keys(p)) if (/keys\.weight|bias\.2\.weight/.test(name)) p[name] = p[name].map((w) => 4 * w);
  return p;
}

let backend: Backend;
const opened: Explainer[] = [];
function open(model: Model): Explainer {
  const explainer = openExplainer(model, parametersOf(model), backend);
  opened.push(explainer);
  return explainer;
}
beforeAll(async () => {
  backend = await openBackend({ threads: 1 });
});
afterAll(async () => {
  for (const explainer of opened) await explainer.dispose();
  await backend.close();
});

const [sample, other] = randomBatch(SMALL, TOKENS, 2) as [Sample, Sample];
const pointOf = async (explainer: Explainer, { bag, genes }: Sample) => ({
  P: await explainer.project(defined(bag)),
  genes,
});

describe.each([
  ['survival', SURVIVAL],
  ['classes', CLASSES],
] as const)('the explained output, %s', (_name, outcome) => {
  test('is that of a prediction, and the same in the graph', async () => {
    const model = modelOf(outcome);
    const explainer = open(model);
    const point = await pointOf(explainer, sample);
    const { logits } = await explainer.forward(point);
    const predictor = await createPredictor(model, parametersOf(model), backend);
    const predicted = await predictor.run(sample);
    await predictor.dispose();
    outputsOf(logits, outcome).forEach((p, c) => expect(p).toBeCloseTo(predicted[c], 6));
    const output = explainedOutput(outcome, predicted);
    const value = explainedValue(output, logits, outcome);
    expect(value).toBeCloseTo(output.kind === 'risk' ? value : Math.log(Math.max(...predicted)), 6);
    expect((await explainer.slope(point, output)).value).toBeCloseTo(value, 5);
  });
});

describe('integrated gradients of the network', () => {
  const output = { kind: 'risk' } as const;
  const model = modelOf(SURVIVAL, METHOD, 36); // one key: few kinks on the path
  const [sample, other] = randomBatch(SMALL, 36, 2) as [Sample, Sample];

  test('genes: complete within 1 %, and a gene at its mean gets nothing', async () => {
    const explainer = open(model);
    const genes = {
      tumour: defined(sample.genes).tumour.slice(),
      microenvironment: defined(sample.genes).microenvironment,
    };
    genes.tumour[2] = 0;
    const { of, completeness } = await geneAttributions(explainer, await pointOf(explainer, sample), genes, output);
    expect(completeness.holds).toBe(true);
    expect(Math.abs(completeness.from - completeness.to)).toBeGreaterThan(1e-4);
    expect(of.tumour[2]).toBe(0);
    const sum = (values: Float64Array) => values.reduce((t, x) => t + x, 0);
    expect(sum(of.tumour) + sum(of.microenvironment)).toBeCloseTo(completeness.sum, 10);
    for (const values of [of.tumour, of.microenvironment]) expect(values.some((x) => x !== 0)).toBe(true);
  });

  test('patches: complete within 1 %, through both branches', async () => {
    const explainer = open(model);
    const point = await pointOf(explainer, sample);
    const mean = await explainer.project(defined(other.bag));
    const { moved, completeness } = await tokenAttributions(explainer, point, mean, output);
    expect(completeness.holds).toBe(true);
    const sum = (of: Float64Array) => of.reduce((t, x) => t + x, 0);
    expect(sum(ofSubspaces(moved).tumour) + sum(ofSubspaces(moved).microenvironment)).toBeCloseTo(completeness.sum, 10);
    expect(Math.abs(sum(ofSubspaces(moved).tumour))).toBeGreaterThan(1e-6);
  });
});

test('a patient without slides, by a network with stand-ins: genes are complete, and what the bag would hold has no influence', async () => {
  const model = modelOf(SURVIVAL, { name: 'subspace', parts: { ...WHOLE, standIns: true } }, 36);
  const explainer = open(model);
  const { completeness } = await geneAttributions(
    explainer,
    { P: undefined, genes: sample.genes },
    defined(sample.genes),
    { kind: 'risk' },
  );
  expect(completeness.holds).toBe(true);
  const predictor = await createPredictor(model, parametersOf(model), backend);
  const hazards = await predictor.run({ ...sample, bag: undefined });
  await predictor.dispose();
  const { logits } = await explainer.forward({ P: undefined, genes: sample.genes });
  outputsOf(logits, SURVIVAL).forEach((p, c) => expect(p).toBeCloseTo(hazards[c], 6));
});

describe('where a branch looks', () => {
  test('points and weights are those that the network samples by', async () => {
    const s = 5;
    const points: SampledPoint[] = [
      [0.3, 2.8],
      [-0.4, 0],
      [4.2, 4.9],
      [-3, 2],
      [1, 3],
    ].map(([x, y]) => ({ head: 0, x: x, y: y, fromX: 0, fromY: 0, attention: 0.2 }));
    const maps = normals('maps', s * s);
    // ((u + 1)·s − 1)/2 = x
    const u = Float32Array.from(points.flatMap(({ x, y }) => [(2 * x + 1) / s - 1, (2 * y + 1) / s - 1]));
    const program = await compile({
      read: bilinearSample(input('maps', [1, 1, s * s, 1]), input('u', [1, 1, points.length, 2]), s),
    });
    const { read } = await program.run({ maps, u });
    points.forEach((point, i) =>
      expect(cellsRead(point, s).reduce((t, { cell, weight }) => t + weight * maps[cell], 0)).toBeCloseTo(read[i], 5),
    );
    await program.dispose();
    const spread = tokenAttention(points, s)[0];
    expect(spread.reduce((t, x) => t + x, 0)).toBeCloseTo(0.2 * (1 + 0.6 + 0.8 * 0.1 + 0 + 1), 10);
  });

  const slide = {
    slide: 's',
    features: new Float32Array(),
    patches: 60,
    rows: Uint32Array.from({ length: 60 }, (_, i) => i),
    patchOf: Uint32Array.from({ length: TOKENS }, (_, i) => i % 60),
    layout: { kind: 'grid' as const, x: [], y: [], edge: 1 },
  };

  test('attention of a head, with what lies beyond the border, sums to 1; points stay within four key cells of their own', async () => {
    const explainer = open(modelOf(SURVIVAL));
    const views = ofSubspaces(await looks(explainer, await pointOf(explainer, sample), slide));
    for (const view of [views.tumour, views.microenvironment]) {
      expect(view.points).toHaveLength(8 * 4); // 100 tokens: 2 × 2 keys
      view.heads.forEach((head, h) => expect(head.reduce((t, x) => t + x, 0) + view.outside[h]).toBeCloseTo(1, 5));
      for (const { x, y, fromX, fromY } of view.points)
        for (const off of [x - fromX, y - fromY]) expect(Math.abs(off)).toBeLessThanOrEqual(4 * 10 + 1e-4);
      expect(view.points.some(({ x, fromX }) => Math.abs(x - fromX) > 1)).toBe(true);
      const attention = view.attention.reduce((t, x) => t + x, 0);
      expect(attention).toBeCloseTo(1 - view.outside.reduce((t, x) => t + x, 0) / 8, 5);
    }
    expect(views.tumour.attention).not.toEqual(views.microenvironment.attention);
  });

  test('plain attention looks at tokens', async () => {
    const explainer = open(modelOf(SURVIVAL, { name: 'subspace', parts: { ...WHOLE, attention: 'plain' } }));
    const { tumour } = ofSubspaces(await looks(explainer, await pointOf(explainer, sample), slide));
    expect(tumour.points).toEqual([]);
    expect(tumour.attention.reduce((t, x) => t + x, 0)).toBeCloseTo(1, 5);
    expect(Math.max(...tumour.outside)).toBeLessThan(1e-5);
  });
});

describe('games', () => {
  const output = { kind: 'risk' } as const;

  test('modalities: nobody away is the prediction, both away is the mean patient', async () => {
    const explainer = open(modelOf(SURVIVAL));
    const point = await pointOf(explainer, sample);
    const mean = await explainer.project(defined(other.bag));
    const game = await modalityGame(explainer, point, mean, output);
    const valueAt = async (p: Point) => explainedValue(output, (await explainer.forward(p)).logits, SURVIVAL);
    const genes = { tumour: new Float32Array(5), microenvironment: new Float32Array(7) };
    expect(game.both).toBe(await valueAt(point));
    expect(game.neither).toBe(await valueAt({ P: mean, genes }));
    expect(game.alone.genes).toBe(await valueAt({ P: mean, genes: sample.genes }));
  });

  test('subspaces: with the z of another sample as the mean, both away is that sample', async () => {
    const model = modelOf(SURVIVAL);
    const explainer = open(model);
    const [here, there] = [await pointOf(explainer, sample), await pointOf(explainer, other)];
    const elsewhere = await explainer.forward(there);
    const meanZ = {
      tumour: Array.from(ofSubspaces(elsewhere.z).tumour),
      microenvironment: Array.from(ofSubspaces(elsewhere.z).microenvironment),
    };
    const background = { checkpoint: '', patients: 1, meanPatch: [], meanZ };
    const game = await subspaceGame(explainer, here, background, output, parametersOf(model)['head.weight']);
    expect(game.neither).toBeCloseTo(explainedValue(output, elsewhere.logits, SURVIVAL), 5);
    expect(game.both).toBeCloseTo(explainedValue(output, (await explainer.forward(here)).logits, SURVIVAL), 6);
    expect(game.alone.tumour).not.toBeCloseTo(game.both, 4);
  });
});

test('a peer has no subspaces to explain', () => {
  expect(() => openExplainer(modelOf(SURVIVAL, { name: 'snn' }), {}, backend)).toThrow(
    'Only models of the method itself',
  );
});
