import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseConfig } from '../../config/config.js';
import { defined } from '../../testing/defined.js';
import type { Patient } from '../types.js';
import { makeSplit } from './split.js';

const folder = mkdtempSync(join(tmpdir(), 'subspace-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const ids = Array.from({ length: 100 }, (_, i) => `P${i}`);
const patients: Patient[] = ids.map((id) => ({ id, clinical: {}, bags: [] }));
const strata = new Map(ids.map((id, i) => [id, i % 4 === 0 ? 'rare' : 'common'] as const));
const config = { seed: 1, test: 0.2, validation: 0.1 };

test.each([
  ['at random', {}],
  ['by folds', { folds: 5, fold: 2 }],
  ['by a file', { file: join(folder, 'folds.csv'), fold: 1 }],
])(
  'split %s: the conformal part is a stratified share of all patients, taken from those to train on alone',
  async (_, form) => {
    writeFileSync(join(folder, 'folds.csv'), `patient_id,fold\n${ids.map((id, i) => `${id},${i % 5}`).join('\n')}\n`);
    const without = await makeSplit(patients, strata, { ...config, ...form });
    const split = await makeSplit(patients, strata, { ...config, ...form, conformal: 0.2 });
    expect(split).toMatchObject({ validation: without.validation, test: without.test });
    expect(split.conformal).toHaveLength(20);
    expect([...split.train, ...defined(split.conformal)].sort()).toEqual(without.train.toSorted());
    const rare = defined(split.conformal).filter((id) => strata.get(id) === 'rare').length;
    expect(Math.abs(rare - 5)).toBeLessThanOrEqual(1);
    expect(await makeSplit(patients, strata, { ...config, ...form, conformal: 0.2 })).toEqual(split);
  },
);

test('nobody is set aside where it is not asked for', async () => {
  expect(await makeSplit(patients, strata, { ...config, conformal: 0 })).not.toHaveProperty('conformal');
});

test('parts that leave nobody to train on are refused', async () => {
  const yaml =
    'name: x\nclinical: {file: a.csv}\nexpression: {file: b.csv}\nfeatures: {folder: c}\ntask: grade\nsplit: {test: 0.4, validation: 0.3, conformal: 0.3}\n';
  expect(() => parseConfig(yaml, 'cohort.yaml')).toThrow(/'split\.conformal' leave nothing to train on/);
  await expect(makeSplit(patients, strata, { ...config, conformal: 0.9 })).rejects.toThrow(
    /none is left for the train part/,
  );
});
