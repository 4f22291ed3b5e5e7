import { expect, it } from 'vitest';
import { judge } from './judge.js';
import { findings, RIDGE } from './planted.js';

const score = { concordanceIndex: 0.6, attained: 0.3 };
const row = (against: string, differences: number[]) => ({
  regime: 'made',
  against,
  wholeMethod: score,
  other: score,
  differences,
});

it('judges every row by one rule', () => {
  const rows = judge([
    row('helps', [0.05, 0.051, 0.049, 0.05, 0.052]),
    row('harms', [-0.05, -0.051, -0.049, -0.05, -0.052]),
    row('equivalent', [0.001, -0.001, 0, 0.002, -0.002]),
    // p = 0.019 alone: the interval excludes 0, the adjusted p does not.
    row('not after Holm', [-0.028, -0.04, -0.012, -0.008, -0.021]),
    row('undetermined', [0.1, -0.1, 0.05, -0.04, 0.02]),
  ]);
  expect(rows.map(({ verdict }) => verdict)).toEqual(['helps', 'harms', 'equivalent', 'undetermined', 'undetermined']);
  const [, , , notAfter] = rows;
  expect(notAfter?.tested.high).toBeLessThan(0);
  expect(notAfter?.tested.p).toBeLessThan(0.05);
  expect(notAfter?.adjustedP).toBeCloseTo(3 * (notAfter?.tested.p ?? NaN), 12);
});

it('tests equivalence against the nearer margin', () => {
  const [within, beyond] = judge([
    row('within', [0.005, 0.007, 0.006, 0.005, 0.007]),
    row('beyond', [0.02, 0.021, 0.019, 0.02, 0.02]),
  ]);
  // (0.01 − 0.006)/(0.001/√5) = 8.94 with 4 degrees of freedom, one-sided, twice for Holm.
  expect(within?.equivalenceP).toBeCloseTo(2 * 0.000432, 6);
  expect(beyond?.equivalenceP).toBeGreaterThan(0.99);
});

it('says that ridge regression is not tested only where no row tests it', () => {
  const study = (against: string) => ({
    source: { program: 'made', recordedBy: '0000000', command: 'none', marks: [] },
    cohorts: [1, 2, 3],
    trainings: 6,
    coreHours: 0,
    comparisons: [row(against, [0.1, -0.1, 0.05])],
    regimes: [
      { regime: 'made', attainable: 0.8, wholeMethod: 0.6, ridgeCox: 0.65, rankTumour: 30, rankMicroenvironment: 30 },
    ],
  });
  expect(findings(study('a part'))).toContain('in 1 of the 1 regimes, by 0.050 to 0.050. This is a description.');
  expect(findings(study(RIDGE))).not.toContain('not tested');
});
