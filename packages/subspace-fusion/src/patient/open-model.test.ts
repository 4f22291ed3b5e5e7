import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBag } from '../cohort/bags/features.js';
import { evaluateAndWrite } from '../evaluation/evaluate.js';
import { InputError } from '../files/errors.js';
import { folderStore, readTable } from '../files/file-source.js';
import { openRunFolder } from '../runs/run-folder.js';
import { subspace } from '../testing/cli.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import type { OpenModel } from './open-model.js';
import { openModel } from './predict.js';
import type { Prediction } from './prediction.js';
import { confidenceRows, predictionRows } from './rows.js';
import type { BagArrays } from './slide.js';

const folder = newFolder();
const cohort = join(folder, 'cohort');
const expression = join(cohort, 'expression.csv.gz');
const bag = (id: string) => join(cohort, 'bags', `${id}-DX1.h5`);
const run = join(folder, 'run');
let patient: string;
let model: OpenModel;
/** The patient's slide and genes as a program may have them. */
let arrays: BagArrays;
let genes: Record<string, number>;

beforeAll(async () => {
  const yaml = await tinyCohort(cohort, { ragged: true });
  await train({ config: await shortConfig(yaml, { 'training.modalityDropout': '0.3' }), out: run });
  await evaluateAndWrite(run);
  patient = (await (await openRunFolder(run)).split()).test[0] ?? '';
  model = await openModel(run);
  arrays = { ...(await readBag({ slide: patient, path: bag(patient) })), name: `${patient}-DX1.h5` };
  const { columns, rows } = await readTable(expression);
  genes = Object.fromEntries(rows.map(({ cells }) => [cells[0], Number(cells[columns.indexOf(patient)])]));
}, 60_000);
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});

describe('one patient', () => {
  test('is predicted the same from arrays, from files, by the command line, and as one of the cohort', async () => {
    const fromFiles = await model.predict({ bag: bag(patient), expression });
    expect(fromFiles.patient).toBe(patient);
    expect(fromFiles.warnings).toEqual([]);
    expect(await model.predict({ patient, bag: arrays, genes })).toEqual(fromFiles);
    const ofCohort = await model.predict({ patient }); // whose matrix is transformed before it is cut to one patient
    expect({ ...ofCohort, risk: 0, survival: 0, likeTraining: 0 }).toEqual({
      ...fromFiles,
      ...{ risk: 0, survival: 0, likeTraining: 0 },
    });
    expect(ofCohort.risk).toBeCloseTo(fromFiles.risk ?? NaN, 6);
    const { out, code } = await subspace('predict', run, '--bag', bag(patient), '--expression', expression, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(fromFiles)));
  });

  test('rows of features and pairs of coordinates are the same as flat arrays', async () => {
    const width = model.model.size.patchWidth;
    const flat = arrays.features as Float32Array;
    const rows = Array.from({ length: flat.length / width }, (_, i) =>
      Array.from(flat.subarray(i * width, (i + 1) * width)),
    );
    const places = Array.from({ length: rows.length }, (_, i) => [256 * i, 0]);
    const coordinates = Int32Array.from(places.flat());
    expect(await model.predict({ patient, bag: { ...arrays, features: rows, coordinates: places }, genes })).toEqual(
      await model.predict({ patient, bag: { ...arrays, coordinates }, genes }),
    );
  });

  test('has the confidence of the run: similar patients, tested patients, and what was read', async () => {
    const prediction = await model.predict({ bag: bag(patient), expression });
    const stored = await openRunFolder(run);
    const predictions = (await stored.predictions()) ?? [];
    const own = predictions.find((other) => other.patient === patient);
    expect(prediction.risk).toBeCloseTo(own?.risk ?? NaN, 6);
    expect(prediction.riskGroup).toBe(own && 'group' in own ? own.group : undefined);
    const others = predictions.filter((other) => other.patient !== patient);
    expect(prediction.amongTested).toEqual({
      patients: others.length,
      lowerRisk: others.filter(({ risk }) => (risk ?? NaN) < (prediction.risk ?? NaN)).length,
    });
    const learned = await stored.confidence();
    expect(prediction.confidence).toMatchObject({
      similar: learned?.survival?.horizons.map(({ years }) => ({ years })),
    });
    expect(prediction.likeTraining).toMatchObject({ genes: { outside: false }, features: { outside: false } });
    const { slides, genes: read } = prediction.read;
    expect(slides.map(({ slide }) => slide)).toEqual([`${patient}-DX1.h5`]);
    expect(read).toBe(180);
  });

  test('is shown in the rows that the command line prints', async () => {
    const prediction = await model.predict({ bag: bag(patient), expression });
    const { out } = await subspace('predict', run, '--bag', bag(patient), '--expression', expression);
    const rows = [...predictionRows(prediction), ...confidenceRows(prediction)];
    for (const { name, text } of rows) expect(out).toMatch(new RegExp(`^ {2}${escaped(name)} +${escaped(text)}$`, 'm'));
    expect(rows.map(({ name }) => name)).toEqual([
      ...[
        'alive after 1 year',
        'alive after 2 years',
        'alive after 5 years',
        'median survival',
        'risk (higher is worse)',
      ],
      ...rows.filter(({ name }) => name.startsWith('predicted alike')).map(({ name }) => name),
      ...['risk', 'risk group', 'genes like training', 'features like training'],
    ]);
  });
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe('a change', () => {
  test('of genes is what the changed expression gives', async () => {
    const [gene] = model.model.scaling.tumour.genes;
    const { mean, deviation, transform } = model.model.scaling.tumour;
    expect(transform).toBe('log2p1');
    const raw = 2 ** (mean[0] + 1.5 * deviation[0]) - 1;
    const before = await model.predict({ patient, bag: arrays, genes });
    const changed = await model.predictChanged(before, { genes: { tumour: { [gene]: 1.5 } } });
    const { risk } = await model.predict({ patient, bag: arrays, genes: { ...genes, [gene]: raw } });
    expect(changed.risk).toBeCloseTo(risk ?? NaN, 5);
    expect(changed.risk).not.toBe(before.risk);
    await expect(model.predictChanged(before, { genes: { tumour: { NONE: 1 } } })).rejects.toThrow(
      "The model reads no tumour gene 'NONE'",
    );
  });

  test('of a modality that is left out is what a patient without it gets', async () => {
    const before = await model.predict({ patient, bag: arrays, genes });
    for (const [without, input] of [
      ['slides', { patient, genes }],
      ['expression', { patient, bag: arrays }],
    ] as const) {
      const changed = await model.predictChanged(before, { without });
      expect(changed).toEqual(await model.predict(input));
      expect(changed.confidence).toEqual({ unknown: 'it was learned on complete patients' });
    }
  });
});

describe('an explanation', () => {
  test('is of the prediction that was made, and keeps the training means in the run folder', async () => {
    const prediction = await model.predict({ patient, bag: arrays, genes });
    const done: number[] = [];
    const explanation = await model.explain(prediction, { onBackground: (i) => done.push(i) });
    expect(explanation.value).toBeCloseTo(prediction.risk ?? NaN, 5);
    expect(explanation.prediction).toEqual([...predictionRows(prediction), ...confidenceRows(prediction)]);
    expect(done.length).toBeGreaterThan(0);
    expect((await (await openRunFolder(run)).background())?.patients).toBe(done.length);
    expect(explanation.slides.map(({ slide }) => slide)).toEqual([`${patient}-DX1.h5`]);
    const attention = await model.attention(prediction, 0);
    for (const branch of ['tumour', 'microenvironment'] as const)
      attention[branch].forEach((a, i) =>
        expect(a).toBeCloseTo(explanation.slides[0].branches[branch]?.attention[i] ?? NaN, 5),
      );
    // Of a bag without repeated patches, attention is the mean of where its patches look.
    const { rows } = explanation.slides[0];
    expect(rows).toHaveLength(model.model.tokens);
    const mean = new Float64Array(rows.length);
    for (const patch of rows.keys()) {
      const from = await model.attentionFrom(prediction, 0, patch);
      from?.['microenvironment'].forEach((a, i) => (mean[i] += a / rows.length));
    }
    attention['microenvironment'].forEach((a, i) => expect(mean[i]).toBeCloseTo(a, 5));
  });

  test('stops where its signal is aborted, and the model goes on', async () => {
    const prediction = await model.predict({ patient, bag: arrays, genes });
    const stop = new AbortController();
    const explaining = model.explain(prediction, { signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 30);
    await expect(explaining).rejects.toMatchObject({ name: 'AbortError' });
    await expect(model.predict({ patient, genes }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await model.predict({ patient, bag: arrays, genes })).toEqual(prediction);
  });

  test('belongs to a prediction of this model', async () => {
    const prediction = await model.predict({ patient, genes });
    await expect(model.explain(structuredClone(prediction))).rejects.toThrow('was not made by this model');
  });
});

test('calls that are made at once are answered as if one by one', async () => {
  const inputs = [
    { patient, bag: arrays, genes },
    { patient, genes },
    { patient, bag: arrays },
  ];
  const alone: Prediction[] = [];
  for (const input of inputs) alone.push(await model.predict(input));
  expect(await Promise.all(inputs.map((input) => model.predict(input)))).toEqual(alone);
});

test('a store without the cohort and without confidence opens, and says what is not known', async () => {
  const copy = join(folder, 'copy');
  cpSync(run, copy, { recursive: true });
  for (const name of ['confidence.json', 'predictions.json', 'config.json']) rmSync(join(copy, name));
  const opened = await openModel(folderStore(copy), { threads: 1 });
  const prediction = await opened.predict({ patient, bag: arrays, genes });
  await opened.close();
  const unknown = { unknown: expect.stringContaining('no confidence.json') as string };
  expect(prediction).toMatchObject({
    confidence: unknown,
    likeTraining: unknown,
    amongTested: { unknown: expect.stringContaining('no predictions.json') as string },
  });
});

describe('arrays that do not fit are refused', () => {
  const features = (n: number) => new Float32Array(n).fill(0.1);
  test.each<[string, () => Parameters<OpenModel['predict']>[0], RegExp]>([
    [
      'features of no whole patch',
      () => ({ bag: { features: features(40) }, genes }),
      /^bag: 40 features are no whole number of patches of the model's width, 16\. /,
    ],
    [
      'rows of another width',
      () => ({ bag: { features: [features(20)] }, genes }),
      /^bag: features are 20 wide, the model's are 16\./,
    ],
    [
      'rows of two widths',
      () => ({ bag: { features: [features(16), features(15)] }, genes }),
      /row 1 \(from 0\) has 15 numbers, row 0 has 16/,
    ],
    ['no patch', () => ({ bag: { features: [] }, genes }), /the bag has no patches/],
    [
      'a feature that is no number',
      () => ({ bag: { features: features(32).fill(NaN, 17, 18) }, genes }),
      /feature 1 of patch 1 \(from 0\) is NaN/,
    ],
    [
      'coordinates of another slide',
      () => ({ bag: { features: features(32), coordinates: [1, 2, 3] }, genes }),
      /not x and y of each of the 2 patches/,
    ],
    [
      'missing genes',
      () => ({ bag: arrays, genes: { TUM001: 3 } }),
      /^genes: lacks 179 of the 180 genes that the model needs/,
    ],
    [
      'another unit',
      () => ({ bag: arrays, genes: { ...genes, TUM001: -1 } }),
      /^genes: has negative values, but the model was trained on counts/,
    ],
    [
      'a gene that is no number',
      () => ({ bag: arrays, genes: { ...genes, TUM001: NaN } }),
      /^genes: the value of TUM001 is NaN/,
    ],
    ['expression twice', () => ({ bag: arrays, genes, expression }), /not both/],
    ['nobody', () => ({}), /^Give a slide/],
  ])('%s', async (_, input, message) => {
    const error: unknown = await model.predict(input()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });

  test('another encoder is warned of', async () => {
    const { warnings } = await model.predict({ patient, bag: { ...arrays, encoder: 'resnet50' }, genes });
    expect(warnings).toEqual([expect.stringContaining("features are of encoder 'resnet50'")]);
  });
});
