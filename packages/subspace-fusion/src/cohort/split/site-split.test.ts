import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/config.js';
import type { Problem } from '../../files/errors.js';
import { readTable } from '../../files/file-source.js';
import { key, uniform } from '../../random/counter.js';
import { cohorts } from '../../testing/data.js';
import { defined } from '../../testing/defined.js';
import type { Patient, Split } from '../types.js';
import { inspectSplit } from './inspect-split.js';
import { makeSplit, strataOf } from './split.js';

const defaults = { seed: 1, test: 0.1, validation: 0.1, by: 'site' as const };
const hex = (i: number) => i.toString(16).toUpperCase().padStart(2, '0');
/** 40 sites of 2 to 21 patients. */
const patients: Patient[] = Array.from({ length: 40 }, (_, site) =>
  Array.from({ length: 2 + (site % 20) }, (_, p) => ({
    id: `TCGA-${hex(site)}-00${hex(p)}`,
    clinical: { hospital: site % 4 === 0 ? '' : `H${site % 7}` },
    survival: { time: 1, event: uniform(key(3, site), p) < 0.2 + site / 80 },
    bags: [],
  })),
).flat();
const strata = strataOf(patients, { task: 'survival', labels: 'who2021' });
const tcgaSite = (id: string) => id.split('-')[1];
const sitesIn = (ids: readonly string[], siteOf = tcgaSite) => new Set(ids.map(siteOf));

function expectDisjoint({ train, validation, test }: Split, siteOf = tcgaSite): void {
  const sites = [train, validation, test].map((ids) => sitesIn(ids, siteOf));
  expect(new Set(sites.flatMap((own) => [...own])).size).toBe(sites.reduce((n, own) => n + own.size, 0));
}

const eventShare = (ids: readonly string[]) => ids.filter((id) => strata.get(id) === 'event').length / ids.length;

describe('a split by site', () => {
  it('keeps every site in one of three parts of about the sizes asked for, with about equal shares of deaths', async () => {
    const problems: Problem[] = [];
    const split = await makeSplit(patients, strata, defaults, problems);
    expectDisjoint(split);
    expect(problems).toEqual([]);
    const n = patients.length;
    expect(split.train.length + split.validation.length + split.test.length).toBe(n);
    for (const part of [split.validation, split.test]) {
      expect(Math.abs(part.length - n / 10)).toBeLessThanOrEqual(1);
      expect(Math.abs(eventShare(part) - eventShare([...strata.keys()]))).toBeLessThan(0.03);
    }
  });

  it('makes folds that together are the cohort, each with sites of its own to validate on', async () => {
    const splits = await Promise.all(
      [0, 1, 2, 3].map((fold) => makeSplit(patients, strata, { ...defaults, folds: 4, fold })),
    );
    expect(splits.flatMap(({ test }) => test).sort()).toEqual([...strata.keys()].sort());
    for (const split of splits) {
      expectDisjoint(split);
      expect(Math.abs(split.test.length - patients.length / 4)).toBeLessThanOrEqual(2);
      expect(Math.abs(split.validation.length - patients.length / 10)).toBeLessThanOrEqual(2);
    }
  });

  it('depends on the seed and the repeat, not on the order of the table', async () => {
    const test = async (change: object, of = strata) =>
      (await makeSplit(patients, of, { ...defaults, folds: 4, fold: 0, ...change })).test;
    const first = await test({});
    expect(new Set(await test({}, new Map([...strata].reverse())))).toEqual(new Set(first));
    expect(await test({ repeat: 0 })).toEqual(first);
    expect(await test({ repeat: 1 })).not.toEqual(first);
    expect(await test({ seed: 2 })).not.toEqual(first);
  });

  it('goes by a clinical column, patients without a value of it together and counted', async () => {
    const problems: Problem[] = [];
    const hospital = new Map(patients.map(({ id, clinical }) => [id, clinical['hospital']]));
    const split = await makeSplit(
      patients,
      strata,
      { ...defaults, test: 0.2, validation: 0.2, by: { column: 'hospital' } },
      problems,
    );
    expectDisjoint(split, (id) => defined(hospital.get(id)));
    expect(problems[0].message).toMatch(/^the site of \d+ patients is not known/);
    await expect(makeSplit(patients, strata, { ...defaults, by: { column: 'hospitals' } })).rejects.toThrow(
      /no column 'hospitals'.*Did you mean 'hospital'/,
    );
  });

  it('says where too few sites are left to validate on others, and where parts come out uneven', async () => {
    const problems: Problem[] = [];
    const ofTwo = new Map([...strata].filter(([id]) => ['12', '13'].includes(tcgaSite(id))));
    const { train, validation, test } = await makeSplit(patients, ofTwo, { ...defaults, test: 0.5 }, problems);
    expect(sitesIn([...train, ...validation]).size).toBe(1);
    expect([...sitesIn(test)]).not.toEqual([...sitesIn(train)]);
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/validation patients are of the site that is trained on/),
    );
    const uneven: Problem[] = [];
    await makeSplit(patients, ofTwo, defaults, uneven);
    expect(uneven.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/the test part has \d+ patients where 4 were asked for/),
    );
  });

  it('refuses fewer sites than folds, and patients without a site', async () => {
    const ofTwo = new Map([...strata].filter(([id]) => ['12', '13'].includes(tcgaSite(id))));
    await expect(makeSplit(patients, ofTwo, { ...defaults, folds: 3, fold: 0 })).rejects.toThrow(/2 sites for 3 parts/);
    const unnamed = patients.map((patient, i) => ({ ...patient, id: `P${i}` }));
    const ofUnnamed = strataOf(unnamed, { task: 'survival', labels: 'who2021' });
    await expect(makeSplit(unnamed, ofUnnamed, defaults)).rejects.toThrow(
      /no patient has a TCGA barcode.*\{column: NAME\}/,
    );
  });

  it('says that a repeat brings nothing new where the sites leave no choice', async () => {
    const problems: Problem[] = [];
    const ofThree = new Map([...strata].filter(([id]) => ['10', '11', '12'].includes(tcgaSite(id))));
    await makeSplit(patients, ofThree, { ...defaults, folds: 3, fold: 0, repeat: 1 }, problems);
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/repeat 1 deals the 3 sites to folds as repeat 0 does/),
    );
  });

  it('is a key of the config that a published split excludes, and inspect counts the sites', async () => {
    const text = (split: string) =>
      `name: x\nclinical: {file: c.csv, time: t, event: e}\nexpression: {file: e.csv}\nfeatures: {folder: b}\nsplit: ${split}`;
    expect(() => parseConfig(text('{by: site, file: folds.csv}'), 'x.yaml')).toThrow(
      /'split.by' says who is kept together/,
    );
    expect(() => parseConfig(text('{by: hospital}'), 'x.yaml')).toThrow(/'by' is site, or \{column: NAME\}/);
    expect(() => parseConfig(text('{repeat: 1}'), 'x.yaml')).toThrow(/'split.repeat' needs 'split.folds'/);
    const parts = await inspectSplit(patients, parseConfig(text('{by: site}'), 'x.yaml'), []);
    expect(defined(defined(parts).sites).shared).toBe(0);
    expect(
      defined(defined(parts).sites).train +
        defined(defined(parts).sites).validation +
        defined(defined(parts).sites).test,
    ).toBe(40);
    const byPatient = await inspectSplit(patients, parseConfig(text('{}'), 'x.yaml'), []);
    expect(defined(defined(byPatient).sites).shared).toBeGreaterThan(10);
  });
});

describe('repeated folds', () => {
  it('deal every patient to a fold anew, and repeat 0 is what it was without repeats', async () => {
    const byPatient = { seed: 1, test: 0.1, validation: 0.1, folds: 5 };
    const test = async (fold: number, repeat?: number) =>
      (await makeSplit(patients, strata, { ...byPatient, fold, repeat })).test;
    expect(await test(0, 0)).toEqual(await test(0));
    const again = await Promise.all([0, 1, 2, 3, 4].map((fold) => test(fold, 1)));
    expect(again.flat().sort()).toEqual([...strata.keys()].sort());
    expect(again[0]).not.toEqual(await test(0));
    expect(await test(0, 2)).not.toEqual(again[0]);
  });
});

/** One site of the TCGA has 100 of the 569 patients, 91 of them censored: a fold of a fifth that holds it is far from the others whatever else it holds. */
const TOLERANCES = [
  { folds: 3, size: 0.02, proportion: 0.03 },
  { folds: 5, size: 0.05, proportion: 0.1 },
];
describe.each(cohorts)('the sites of TCGA barcodes ($cohort)', ({ folder }) => {
  const tasks = ['survival', { column: 'paper_diagnosis' }] as const;
  it.each(tasks.flatMap((task) => TOLERANCES.map((tolerance) => ({ task, ...tolerance }))))(
    'are on one side, sizes and proportions within: %j',
    async ({ task, folds, size, proportion }) => {
      const { columns, rows } = await readTable(join(folder, 'tcga-gbmlgg/clinical.csv'));
      const real: Patient[] = rows.map(({ cells }) => {
        const clinical = Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
        return {
          id: cells[0],
          clinical,
          survival: { time: Number(clinical['survival_months']), event: clinical['event'] === '1' },
          bags: [],
        };
      });
      const own = strataOf(real, { task, labels: 'who2021' });
      for (let fold = 0; fold < folds; fold++) {
        const split = await makeSplit(real, own, { ...defaults, folds, fold });
        expectDisjoint(split);
        expect(Math.abs(split.test.length / own.size - 1 / folds)).toBeLessThanOrEqual(size);
        for (const stratum of new Set(own.values())) {
          const share = (ids: readonly string[]) => ids.filter((id) => own.get(id) === stratum).length / ids.length;
          const off = Math.abs(share(split.test) - share([...own.keys()]));
          expect(off).toBeLessThanOrEqual(proportion);
        }
      }
    },
  );
});
