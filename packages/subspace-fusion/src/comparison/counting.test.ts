import { describe, expect, it } from 'vitest';
import { compareModels } from './comparison.js';
import type { NamedMetric } from './file.js';
import type { FoldScores } from './fold-scores.js';
import { madeFold } from './made-folds.test.helper.js';
import { drawingUnits } from './means.js';
import { scoreSubgroups } from './subgroups.js';

const PATIENTS = 50;
const everyone = madeFold(0, PATIENTS, { subspace: 0.3, ridgeCox: 0.5 });

/** Some of the patients as the test part of a fold. */
function testing(fold: number, rows: readonly number[], repeat?: number): FoldScores {
  const { truth, patients, models } = everyone;
  if (truth.kind !== 'survival') throw new TypeError('survival expected');
  return {
    ...everyone,
    fold,
    ...(repeat === undefined ? {} : { repeat }),
    patients: rows.map((row) => patients[row]),
    truth: { kind: 'survival', time: rows.map((i) => truth.time[i]), event: rows.map((i) => truth.event[i]) },
    models: Object.fromEntries(
      Object.entries(models).map(([name, scores]) => {
        if ('reason' in scores) throw new TypeError('scores expected');
        return [name, { runs: scores.runs.map((run) => rows.map((row) => run[row])) }];
      }),
    ),
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const deathsOf = (rows: readonly number[]) =>
  rows.filter((row) => everyone.truth.kind === 'survival' && everyone.truth.event[row]).length;

/** Two dealings of 50 patients to two folds. */
const repeats = [
  testing(0, range(0, 25), 0),
  testing(1, range(25, 50), 0),
  testing(0, range(10, 35), 1),
  testing(1, [...range(0, 10), ...range(35, 50)], 1),
];
/** Four test parts of a split file: 80 tests of 50 patients. */
const overlapping = [range(0, 20), range(10, 30), range(20, 40), range(30, 50)].map((rows, fold) =>
  testing(fold, rows),
);

function known(metric: NamedMetric): NamedMetric & { value: number } {
  if (metric.value === null) throw new TypeError(metric.reason);
  return metric;
}

describe.each([
  ['repeats', repeats, 2],
  ['overlapping test parts', overlapping, 1.6],
])('%s', (_, folds, tests) => {
  it('count patients and deaths once in every metric, and are drawn patient by patient', () => {
    const { models } = compareModels(folds, [['subspace', 'ridgeCox']], 1, 40);
    const ofFolds = folds.map((fold) => compareModels([fold], [], 1, 40).models['subspace']['concordanceIndex']);
    const { n, events, comparablePairs } = known(models['subspace']['concordanceIndex']);
    expect({ n, events }).toEqual({ n: PATIENTS, events: deathsOf(range(0, PATIENTS)) });
    const pairs = ofFolds.reduce((sum, metric) => sum + (known(metric).comparablePairs ?? 0), 0);
    expect(comparablePairs).toBe(Math.round(pairs / tests));
    expect(drawingUnits(folds).words).toContain('each with all');
  });

  it('count a subgroup in patients: 4 deaths in 8 tests are too few', () => {
    const dead = range(0, PATIENTS).filter((row) => deathsOf([row]) === 1);
    const women = new Set([
      ...dead.slice(0, 4),
      ...range(0, PATIENTS)
        .filter((row) => !dead.includes(row))
        .slice(0, 6),
    ]);
    const cohort = everyone.patients.map((id, row) => ({
      id,
      bags: [],
      clinical: { sex: women.has(row) ? 'female' : 'male' },
    }));
    const groups = scoreSubgroups(folds, 'subspace', cohort, undefined, 1);
    expect(groups).toMatchObject([
      { group: 'female', patients: 10, metric: { value: null, reason: '4 deaths; 5 are needed' } },
      { group: 'male', patients: 40, metric: { n: 40, events: dead.length - 4 } },
    ]);
  });
});

it('the clinical model is described by all folds, and why a fold lacks a part of it', () => {
  const [first, second] = [0, 1].map((fold) => madeFold(fold, PATIENTS, { subspace: 0.3, ageDiagnosisGrade: 0.5 }));
  const reason = 'all training patients have the same grade';
  const folds: FoldScores[] = [
    {
      ...first,
      reference: { variables: ['idh', 'grade'], leftOut: [{ variable: 'age', reason: 'absent' }], defining: [] },
    },
    {
      ...second,
      reference: {
        variables: ['idh'],
        leftOut: [
          { variable: 'age', reason: 'absent' },
          { variable: 'grade', reason },
        ],
        defining: [],
      },
    },
  ];
  expect(compareModels(folds, [], 1, 40).adds).toMatchObject({
    variables: ['idh', 'grade'],
    leftOut: [
      { variable: 'age', reason: 'absent' },
      { variable: 'grade', reason: `fold 1: ${reason}` },
    ],
  });
  const refused = folds.map((fold) => ({
    ...fold,
    models: { ...fold.models, ageDiagnosisGrade: { reason: 'two columns are one' } },
  }));
  expect(compareModels(refused, [], 1, 40).adds).toEqual({
    reason: 'there is no clinical model in fold 0: two columns are one',
    variables: ['idh', 'grade'],
  });
});
