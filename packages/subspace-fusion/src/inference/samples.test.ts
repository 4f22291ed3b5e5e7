import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixBag } from '../cohort/bags/bag.js';
import { readBag } from '../cohort/bags/features.js';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { defined } from '../testing/defined.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train, type Prepared } from '../training/train.js';
import { cohortSamples } from './samples.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let survival: Prepared;
let subtype: Prepared;
let clinical: Record<string, string>[];
beforeAll(async () => {
  const yaml = await tinyCohort(folder, { ragged: true, bag: 64 });
  survival = await train({
    config: await shortConfig(yaml, { 'training.epochs': '1' }),
    out: join(folder, 'survival'),
  });
  subtype = await train({
    config: await shortConfig(yaml, { 'training.epochs': '1', task: 'subtype' }),
    out: join(folder, 'subtype'),
  });
  const [header, ...rows] = readFileSync(join(folder, 'clinical.csv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  clinical = rows.map((row) => Object.fromEntries(row.map((cell, i) => [header[i], cell])));
});

describe('labels', () => {
  test('survival: the bin whose cuts enclose the time, half open on the right, and whether the death was not seen', () => {
    const { model, samples } = survival;
    if (model.outcome.kind !== 'survival') throw new Error('not survival');
    const [first, second, third] = model.outcome.cuts as [number, number, number];
    const labels = samples.labels(clinical.map((row) => row['patient_id']));
    if (labels.kind !== 'survival') throw new Error('not survival');
    clinical.forEach((row, i) => {
      const time = Number(row['survival_months']);
      const bin = time < first ? 0 : time < second ? 1 : time < third ? 2 : 3;
      expect(labels.labels[i]).toEqual({ bin, censored: row['event'] === '0', time });
    });
    expect(new Set(labels.labels.map(({ bin }) => bin)).size).toBe(4);
  });

  test('classes: the place of the label among the classes, and their weights', () => {
    const { model, samples, split } = subtype;
    if (model.outcome.kind !== 'classes') throw new Error('not classes');
    expect(model.outcome.classes).toEqual(['glioblastoma', 'astrocytoma', 'oligodendroglioma']);
    const labels = samples.labels(split.train);
    if (labels.kind !== 'classes') throw new Error('not classes');
    expect(labels.weights).toEqual(model.outcome.weights);
    split.train.forEach((id, i) => {
      const row = defined(clinical.find((r) => r['patient_id'] === id));
      const name =
        row['idh_status'] === 'Mutant'
          ? row['codel_1p19q'] === 'codel'
            ? 'oligodendroglioma'
            : 'astrocytoma'
          : 'glioblastoma';
      expect(labels.labels[i]).toBe(['glioblastoma', 'astrocytoma', 'oligodendroglioma'].indexOf(name));
    });
  });
});

describe('samples', () => {
  test('genes are z-scores of the training patients, clipped, the same for every slide', async () => {
    const { model, samples, split } = survival;
    const width = model.size.genes.tumour;
    const vectors = split.train.map((id) => samples.genes(id).tumour);
    for (const v of vectors) expect(v).toHaveLength(width);
    const meanOfGene = (g: number) => vectors.reduce((t, v) => t + v[g], 0) / vectors.length;
    for (let g = 0; g < width; g++) expect(Math.abs(meanOfGene(g))).toBeLessThan(0.3); // extremes do not set the scale
    expect(vectors.every((v) => v.every((z) => Math.abs(z) <= 3))).toBe(true);
    const [id] = split.train as [string];
    const sample = await samples.sample(id, defined(samples.patients.get(id)).bags[0]);
    expect(sample.genes).toEqual(samples.genes(id));
  });

  test("slides of any size become bags of the model's size", async () => {
    const { model, samples, split } = survival;
    for (const id of split.train.slice(0, 6)) {
      const { bag } = await samples.sample(id, defined(samples.patients.get(id)).bags[0]);
      expect(bag).toHaveLength(model.tokens * model.size.patchWidth);
    }
    // Three patches in a bag of 64: one after the other, again and again.
    const three = Float32Array.from({ length: 3 * 16 }, (_, i) => i);
    const path = await writeBag(folder, 'three.h5', { shape: [3, 16], features: three });
    const { bag } = await samples.sample(split.train[0], { slide: 'three', path });
    for (const token of [0, 1, 2, 3, 62, 63]) expect(defined(bag)[token * 16]).toBe(16 * (token % 3));
  });

  test('a bag is laid out as the model says', async () => {
    const { cohort, model, samples, split } = survival;
    const spatial = cohortSamples(cohort, { ...model, layout: 'spatial' });
    const id = split.train[0];
    const slide = defined(samples.patients.get(id)).bags[0];
    const expected = fixBag(await readBag(slide, model.tokens), model.tokens, 'spatial').features;
    expect((await spatial.sample(id, slide)).bag).toEqual(expected);
    expect((await samples.sample(id, slide)).bag).not.toEqual(expected);
  });

  test("a slide of another width, or a cohort without the model's genes, is refused", async () => {
    const { cohort, model, samples, split } = survival;
    const path = await writeBag(folder, 'wide.h5', { shape: [40, 17], features: new Float32Array(680) });
    await expect(samples.sample(split.train[0], { slide: 'wide', path })).rejects.toThrow(
      /wide\.h5: features are 17 wide, the model's are 16\. Extract them with the model's encoder\.$/,
    );
    const genes = cohort.expression.genes.map((gene) => (gene === 'TUM002' ? 'OTHER' : gene));
    expect(() => cohortSamples({ ...cohort, expression: { ...cohort.expression, genes } }, model)).toThrow(
      /lacks 1 of the \d+ genes that the model needs \(TUM002\)/,
    );
  });
});
