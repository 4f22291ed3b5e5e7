import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { readTable } from '../../files/file-source.js';
import { cohorts } from '../../testing/data.js';
import { newFolder, write } from '../made-files.test.helper.js';
import type { Patient } from '../types.js';
import { splitFileFolds } from './split-file.js';
import { makeSplit, strataOf } from './split.js';

const folder = newFolder();
const patient = (id: string, event = false): Patient => ({
  id,
  clinical: { sex: event ? 'f' : 'm' },
  survival: { time: 1, event },
  bags: [
    { slide: `${id}-S1`, path: '' },
    { slide: `${id}-S2`, path: '' },
  ],
});
const patients = Array.from({ length: 200 }, (_, i) => patient(`P${i}`, i % 4 === 0));
const strata = strataOf(patients, { task: 'survival', labels: 'who2021' });
const defaults = { seed: 1, test: 0.1, validation: 0.1 };
const all = (split: object) => (Object.values(split) as string[][]).flat();

describe('a random split', () => {
  it('divides every patient once, 80/10/10, with equal proportions of deaths', async () => {
    const split = await makeSplit(patients, strata, defaults);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([160, 20, 20]);
    expect(new Set(all(split)).size).toBe(200);
    for (const part of [split.train, split.validation, split.test]) {
      const deaths = part.filter((id) => strata.get(id) === 'event').length;
      expect(Math.abs(deaths - part.length / 4)).toBeLessThanOrEqual(1);
    }
  });

  it('depends on the seed, not on the order of the table', async () => {
    const split = await makeSplit(patients, strata, defaults);
    const reversed = await makeSplit(patients, new Map([...strata].reverse()), defaults);
    expect(new Set(reversed.test)).toEqual(new Set(split.test));
    const other = await makeSplit(patients, strata, { ...defaults, seed: 2 });
    expect(new Set(other.test)).not.toEqual(new Set(split.test));
  });

  it('gives every patient of a small stratum its chance', async () => {
    const few = new Map([...strata].map(([id], i) => [id, i < 5 ? 'rare' : 'common']));
    const tested = new Set<string>();
    for (let seed = 0; seed < 100; seed++)
      for (const id of (await makeSplit(patients, few, { ...defaults, seed })).test) tested.add(id);
    expect(tested.size).toBe(200);
  });

  it('refuses an empty part', async () => {
    await expect(
      makeSplit(
        [],
        new Map([
          ['a', 'x'],
          ['b', 'x'],
        ]),
        defaults,
      ),
    ).rejects.toThrow(/of 2 labelled patients none is left/);
  });
});

describe('folds from a seed', () => {
  it('have test parts that together are the cohort, with equal proportions of deaths', async () => {
    const splits = await Promise.all(
      [0, 1, 2, 3, 4].map((fold) => makeSplit(patients, strata, { ...defaults, folds: 5, fold })),
    );
    expect(splits.flatMap(({ test }) => test).sort()).toEqual([...strata.keys()].sort());
    for (const split of splits) {
      expect(all(split).sort()).toEqual([...strata.keys()].sort());
      expect([split.train.length, split.validation.length, split.test.length]).toEqual([140, 20, 40]);
      expect(split.test.filter((id) => strata.get(id) === 'event')).toHaveLength(10);
    }
  });

  it('depend on the seed, and need the number of one', async () => {
    const test = async (seed: number) =>
      (await makeSplit(patients, strata, { ...defaults, seed, folds: 5, fold: 0 })).test;
    expect(await test(1)).toEqual(await test(1));
    expect(await test(1)).not.toEqual(await test(2));
    await expect(makeSplit(patients, strata, { ...defaults, folds: 5 })).rejects.toThrow(/'split.fold' names none/);
  });
});

describe('a split from a file', () => {
  const ten = patients.slice(0, 10);
  const tenStrata = strataOf(ten, { task: 'survival', labels: 'who2021' });
  const split = (text: string, fold?: number, problems: Problem[] = []) =>
    makeSplit(ten, tenStrata, { ...defaults, file: write(folder, 'split.csv', text), fold }, problems);

  it('takes a fold as the test part and carves validation from the rest', async () => {
    const text = 'patient_id,fold\n' + ten.map(({ id }, i) => `${id},${i % 5}`).join('\n');
    const { train, validation, test } = await split(text, 2);
    expect(test).toEqual(['P2', 'P7']);
    expect([train.length, validation.length]).toEqual([7, 1]);
    await expect(split(text)).rejects.toThrow(/'split.fold' names none/);
    await expect(split(text, 9)).rejects.toThrow(/no fold 9.*0, 1, 2, 3, 4/);
  });

  it('takes the validation part of a file without a test part as the test part', async () => {
    const { train, validation, test } = await split(',train,val\n0,P0,P8\n1,P1,P9\n2,P2,\n3,P3,\n4,P4,\n5,P5,\n');
    expect(test).toEqual(['P8', 'P9']);
    expect([...train, ...validation].sort()).toEqual(['P0', 'P1', 'P2', 'P3', 'P4', 'P5']);
    expect(validation).toHaveLength(1);
  });

  it('takes three columns as they stand, of patients or of slides', async () => {
    const expected = { train: ['P0', 'P1'], validation: ['P2'], test: ['P3'] };
    expect(await split(',train,val,test\n0,P0,P2,P3\n1,P1,,\n')).toEqual(expected);
    expect(await split(',train,val,test\n0,P0-S1,P2-S2,P3-S1\n1,P0-S2,,\n2,P1-S1.svs,,\n')).toEqual(expected);
    expect(
      await split(
        ',train,val,test\nP0-S1,True,False,False\nP1,True,False,False\nP2,False,True,False\nP3,False,False,True\n',
      ),
    ).toEqual(expected);
  });

  it('counts strangers and refuses a patient in two parts', async () => {
    const problems: Problem[] = [];
    await split(',train,val,test\n0,P0,P2,P3\n1,nobody,,\n', undefined, problems);
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning 1 name is no patient or slide of the cohort (nobody)',
      'warning 7 patients are in no part of the split (P1, P4, P5 and 4 more)',
    ]);
    await expect(split(',train,val,test\n0,P0-S1,P2,P0-S2\n')).rejects.toThrow(
      /row 2: the patient is in the train part and in the test part \('P0'\)/,
    );
    await expect(split('a,b\n1,2\n')).rejects.toThrow(/'train' with 'val'/);
  });

  it('carves validation from the training patients where the file names only train and test', async () => {
    for (const text of [
      ',train,test\n0,P0,P8\n1,P1,P9\n2,P2,\n3,P3,\n4,P4,\n5,P5,\n',
      ',train,val,test\n0,P0,,P8\n1,P1,,P9\n2,P2,,\n3,P3,,\n4,P4,,\n5,P5,,\n',
    ]) {
      const { train, validation, test } = await split(text);
      expect(test).toEqual(['P8', 'P9']);
      expect([...train, ...validation].sort()).toEqual(['P0', 'P1', 'P2', 'P3', 'P4', 'P5']);
      expect(validation).toHaveLength(1);
    }
  });

  it('says that a fold is ignored which the file does not know', async () => {
    const problems: Problem[] = [];
    const file = write(
      folder,
      'splits_3.csv',
      `,train,val,test\n0,P0,P2,P3\n${['P1', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9'].map((id, i) => `${i + 1},${id},,\n`).join('')}`,
    );
    await makeSplit(ten, tenStrata, { ...defaults, file, fold: 3 }, problems);
    expect(problems).toEqual([]);
    await makeSplit(ten, tenStrata, { ...defaults, file, fold: 2 }, problems);
    expect(problems.map(({ message }) => message)).toEqual(['split.fold is 2, and the file is of one fold only']);
  });

  it('finds splits_k.csv in a folder', async () => {
    const splits = join(folder, 'splits');
    mkdirSync(splits, { recursive: true });
    write(splits, 'splits_1.csv', ',train,val,test\n0,P0,P2,P3\n');
    const read = (fold?: number) => makeSplit(ten, tenStrata, { ...defaults, file: splits, fold });
    expect((await read(1)).test).toEqual(['P3']);
    await expect(read()).rejects.toThrow(/names none/);
    await expect(read(4)).rejects.toThrow(/splits_4.csv: the file does not exist/);
  });

  it('lists the folds of a table and of a folder', async () => {
    expect(await splitFileFolds(write(folder, 'folds.csv', 'patient_id,fold\nP0,2\nP1,0\nP2,10\nP3,2\n'))).toEqual([
      0, 2, 10,
    ]);
    const splits = join(folder, 'three');
    mkdirSync(splits);
    for (const k of [10, 0, 2]) write(splits, `splits_${k}.csv`, ',train,val\n0,P0,P1\n');
    write(splits, 'splits_0_bool.csv', ',train,val\n');
    expect(await splitFileFolds(splits)).toEqual([0, 2, 10]);
    await expect(splitFileFolds(join(splits, 'splits_0.csv'))).rejects.toThrow(/needs two folds, and this holds 1/);
  });
});

const SIZES = { TCGA: { patients: 569, validation: 57 }, invented: { patients: 520, validation: 52 } };
describe.each(cohorts)('published splits ($cohort)', ({ cohort, folder }) => {
  const REAL = join(folder, 'tcga-gbmlgg');
  it('are the folds, whichever form they are read in', async () => {
    const { rows } = await readTable(join(REAL, 'clinical.csv'));
    const real = rows.map(({ cells }, i) => patient(cells[0], i % 3 === 0));
    const realStrata = strataOf(real, { task: { column: 'sex' }, labels: 'who2021' });
    for (let fold = 0; fold < 5; fold++) {
      const byFolds = await makeSplit(real, realStrata, { ...defaults, file: join(REAL, 'folds.csv'), fold });
      const bySplits = await makeSplit(real, realStrata, { ...defaults, file: join(REAL, 'splits'), fold });
      expect(bySplits).toEqual(byFolds);
      expect(byFolds.validation).toHaveLength(SIZES[cohort].validation);
      expect(new Set(all(byFolds)).size).toBe(SIZES[cohort].patients);
    }
  });
});
