import { describe, expect, it } from 'vitest';
import type { LabelRule, Patient, Task } from '../cohort/types.js';
import { encodeCovariates, labelDefiningCovariates, learnCovariates, unseenLevels } from './covariates.js';

const patient = (id: string, clinical: Record<string, string>): Patient => ({ id, clinical, bags: [] });
const TRAINING = [
  patient('P1', { age: '40', gender: 'Male', idh_status: 'mut', mgmt: 'Methylated', site: '1' }),
  patient('P2', { age: '60', gender: 'F', idh_status: 'WT', mgmt: '', site: '2' }),
  patient('P3', { age: '', gender: 'female', idh_status: 'wildtype', mgmt: 'Unmethylated', site: '1' }),
];

describe('covariates', () => {
  it('are z-scores of numbers and the levels of categories, with an indicator of what is unknown in training', () => {
    const encoding = learnCovariates(TRAINING, [
      'age',
      'sex',
      'idh',
      { column: 'mgmt' },
      { column: 'site' },
      { column: 'site', kind: 'category' },
    ]);
    expect(encoding.columns).toEqual([
      ...['age', 'age unknown', 'sex = female', 'sex = male', 'idh = mutant', 'idh = wildtype'],
      ...['mgmt = Methylated', 'mgmt = Unmethylated', 'mgmt unknown', 'site', 'site = 1', 'site = 2'],
    ]);
    const stored = JSON.parse(JSON.stringify(encoding)) as typeof encoding;
    const rows = encodeCovariates(stored, TRAINING);
    // Mean 50 and standard deviation 10 of two ages; sites 1, 2, 1 have mean 4/3 and variance 2/9.
    const z = (site: number) => Math.fround((site - 4 / 3) / Math.sqrt(2 / 9));
    expect([...rows.subarray(0, 12)]).toEqual([-1, 0, 0, 1, 1, 0, 1, 0, 0, z(1), 1, 0]);
    expect([...rows.subarray(12, 24)]).toEqual([1, 0, 1, 0, 0, 1, 0, 0, 1, z(2), 0, 1]);
    expect([...rows.subarray(24)]).toEqual([0, 1, 1, 0, 0, 1, 0, 1, 0, z(1), 1, 0]);
  });

  it('take a level that training did not have, and a word for a number, as unknown and say so', () => {
    const encoding = learnCovariates(TRAINING, [{ column: 'mgmt' }, 'sex', { column: 'site' }]);
    const others = [
      patient('Q1', { gender: '', mgmt: 'Partly', site: 'north' }),
      patient('Q2', { mgmt: 'Methylated', site: '3' }),
    ];
    expect([...encodeCovariates(encoding, others)]).toEqual([
      0,
      0,
      1,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      0,
      Math.fround((3 - 4 / 3) / Math.sqrt(2 / 9)),
    ]);
    expect(unseenLevels(encoding, others)).toEqual([
      "the covariate 'mgmt' of 1 patient is a value that no training patient has ('Partly')",
      "the covariate 'site' of 1 patient is no number ('north')",
    ]);
    expect(unseenLevels(encoding, TRAINING)).toEqual([]);
  });

  it('read an age in days, as the GDC gives it, in years', () => {
    const encoding = learnCovariates(
      [patient('P1', { age_at_diagnosis: '14610' }), patient('P2', { age_at_diagnosis: '50' })],
      ['age'],
    );
    expect(encoding.covariates[0]).toMatchObject({ mean: 45, deviation: 5 });
  });

  it('are refused where they say nothing', () => {
    const learn = (spec: Parameters<typeof learnCovariates>[1][number]) => () =>
      learnCovariates(TRAINING, [spec], 'clinical.csv');
    expect(learn({ column: 'mgtm' })).toThrow(
      "clinical.csv: no training patient has a known value of the covariate 'mgtm'. Did you mean 'mgmt'?",
    );
    expect(learn('codeletion')).toThrow(/'codeletion'\. It is read from the column codel_1p19q/);
    expect(() => learnCovariates(TRAINING.slice(1), ['sex'])).toThrow(
      /same value of the covariate 'sex' \('female'\)\. Take it out/,
    );
    const ages = ['50', '>89', '61', '90+', '40'].map((age, i) => patient(`P${i}`, { age }));
    expect(() => learnCovariates(ages, [{ column: 'age' }], 'clinical.csv')).toThrow(
      "clinical.csv: the covariate 'age' holds numbers, but for 2 patients (>89, 90+). Correct them, or say {column: age, kind: category}.",
    );
    expect(learnCovariates(ages, ['age']).covariates[0]).toMatchObject({ kind: 'number', mean: 66.2 });
    expect(learn({ column: 'mgmt', kind: 'number' })).toThrow(/'Methylated', which is not a number\. .*kind: category/);
  });
});

describe('covariates that are part of a label', () => {
  const columns = [
    'who2021_diagnosis',
    'IDH.status',
    'age_at_diagnosis',
    'mgmt',
    'cdkn2a_gistic',
    'arms',
    'histologic_grade',
  ];
  const specs = ['age', 'idh', 'cdkn2abDeletion', ...columns.map((column) => ({ column }))] as const;
  const flagged = (task: Task, rule: LabelRule = 'who2021') => {
    const encoding = {
      covariates: specs.map((from) => ({
        name: typeof from === 'string' ? from : from.column,
        from,
        unknowns: false,
        kind: 'category' as const,
        levels: [],
      })),
      columns: [],
    };
    return labelDefiningCovariates(task, rule, encoding, { codeletion: 'arms' });
  };

  it('are named by task', () => {
    expect(flagged('survival')).toEqual([]);
    expect(flagged('diagnosis')).toEqual([
      'idh',
      'cdkn2abDeletion',
      'who2021_diagnosis',
      'IDH.status',
      'cdkn2a_gistic',
      'arms',
      'histologic_grade',
    ]);
    expect(flagged('subtype')).toEqual(['idh', 'who2021_diagnosis', 'IDH.status', 'arms']);
    expect(flagged('grade')).toEqual(['who2021_diagnosis', 'histologic_grade']);
    expect(flagged({ column: 'who2021_grade' })).toEqual(flagged('diagnosis'));
    expect(flagged({ column: 'grade' })).toEqual([
      'cdkn2abDeletion',
      'who2021_diagnosis',
      'cdkn2a_gistic',
      'histologic_grade',
    ]);
    expect(flagged({ column: 'mgmt' })).toEqual(['mgmt']);
  });
});
