import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { key, uniform } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import {
  censoringSurvival,
  followedBeyond,
  followedUntil,
  unoConcordance,
  type CensoringSurvival,
} from './censoring-weighted.js';
import { concordanceIndex } from './concordance.js';

const { tied, ties, bilirubin, ovarianAge } = JSON.parse(
  readFileSync(new URL('./reference/survival.json', import.meta.url), 'utf8'),
);

interface Sample {
  readonly time: readonly number[];
  readonly event: readonly number[];
  readonly risk: readonly number[];
}

const own = ({ time, event, risk }: Sample, horizon: number) =>
  unoConcordance(time, event, risk, horizon, censoringSurvival(time, event));

/** The definition, pair by pair, with the two choices that programs make differently where a death and a censoring share a time. */
function allPairs(
  { time, event, risk }: Sample,
  horizon: number,
  weight: (t: number) => number,
  countTiedTimes: boolean,
): number {
  let agreeing = 0;
  let all = 0;
  for (let i = 0; i < time.length; i++) {
    for (let j = 0; j < time.length; j++) {
      const outlived = time[j] > time[i] || (countTiedTimes && time[j] === time[i] && !event[j]);
      if (!event[i] || time[i] >= horizon || !outlived) continue;
      agreeing += weight(time[i]) ** 2 * (risk[i] > risk[j] ? 1 : risk[i] === risk[j] ? 1 / 2 : 0);
      all += weight(time[i]) ** 2;
    }
  }
  return agreeing / all;
}

describe('a death and a censoring at one time (scikit-survival issue 428)', () => {
  const sample: Sample = tied;
  const g = censoringSurvival(sample.time, sample.event);
  const beforeDeath = (t: number) => 1 / followedUntil(g, t);
  const atDeath = (t: number) => 1 / followedBeyond(g, t);

  test('deaths come first, in the pairs and in the weights, as in R survival::concordance(timewt = "n/G2")', () => {
    expect(tied.unoC).toBeCloseTo(0.3137, 4);
    expect(own(sample, tied.horizon).value).toBeCloseTo(tied.unoC, 12);
    expect(allPairs(sample, tied.horizon, beforeDeath, true)).toBeCloseTo(tied.unoC, 12);
  });

  test('scikit-survival weights by G at the death: 0.3743', () => {
    expect(allPairs(sample, tied.horizon, atDeath, true)).toBeCloseTo(0.37426900584795325, 12);
  });

  test('survAUC weights by G at the death and leaves the tied pair out: 0.4129', () => {
    expect(allPairs(sample, tied.horizon, atDeath, false)).toBeCloseTo(0.4129032, 7);
  });

  test('without the tie all three agree', () => {
    const untied = { ...sample, time: [11, 12, 26, 89, 128, 299, 300] };
    const g = censoringSurvival(untied.time, untied.event);
    const expected = own(untied, 299).value;
    expect(allPairs(untied, 299, (t) => 1 / followedBeyond(g, t), true)).toBeCloseTo(defined(expected), 12);
    expect(allPairs(untied, 299, (t) => 1 / followedBeyond(g, t), false)).toBeCloseTo(defined(expected), 12);
  });
});

describe('values of other programs', () => {
  test.each([0, 1, 2])('R survival, a sample full of ties, horizon %#', (h) => {
    expect(own(ties, ties.times[h]).value).toBeCloseTo(ties.unoC[h], 10);
  });

  test('R survival, bilirubin in the PBC trial', () => {
    expect(own(bilirubin, bilirubin.horizon).value).toBeCloseTo(bilirubin.unoC, 10);
  });

  test('survAUC (README, ovarian cancer: training patients weight others), 0.7333333', () => {
    const { train, time, event, risk } = ovarianAge;
    const value = unoConcordance(time, event, risk, 800, censoringSurvival(train.time, train.event)).value;
    expect(value).toBeCloseTo(0.7333333, 7);
  });

  // The samples and values of scikit-survival's own tests, where no death and censoring share a time.
  const sksurv = { time: [1, 5, 6, 10, 11, 34, 45, 46, 50, 56], event: [0, 1, 1, 0, 1, 0, 1, 0, 0, 1] };
  test.each([
    ['no tied risk', [5, 8, 11, 19, 34, 12, 3, 9, 12, 20], 0.347890360332615],
    ['one tied risk', [5, 8, 11, 11, 34, 12, 3, 9, 12, 20], 0.365629810028969],
    ['two tied risks', [5, 8, 11, 11, 34, 12, 11, 9, 12, 20], 0.387865723332956],
  ])('scikit-survival, %s', (_, risk, expected) => {
    expect(own({ ...sksurv, risk }, 56).value).toBeCloseTo(expected, 8);
  });

  test('scikit-survival, weights from other patients', () => {
    const g = censoringSurvival([2, 4, 6, 8, 10, 11, 15, 19], [0, 1, 0, 1, 0, 0, 0, 0]);
    expect(unoConcordance([1, 3, 5, 8, 12, 13], [1, 0, 0, 1, 1, 1], [5, 8, 13, 11, 9, 4], 19, g).value).toBeCloseTo(
      0.7543736528146774,
      12,
    );
  });
});

test('agrees with the definition on 100 samples full of ties', () => {
  for (let sample = 0; sample < 100; sample++) {
    const stream = key(2, 'uno', sample);
    const draw = (i: number, levels: number) => Math.floor(uniform(stream, i) * levels);
    const n = 2 + draw(0, 30);
    const column = (c: number, levels: number) => Array.from({ length: n }, (_, i) => draw(4 * i + c, levels));
    const patients = { time: column(1, 9), event: column(2, 2), risk: column(3, 5) };
    const horizon = Math.max(...patients.time) - 0.5;
    const metric = own(patients, horizon);
    const g = censoringSurvival(patients.time, patients.event);
    const expected = allPairs(patients, horizon, (t) => 1 / followedUntil(g, t), true);
    if (Number.isNaN(expected)) expect(metric.value).toBeNull();
    else expect(metric.value).toBeCloseTo(expected, 12);
  }
});

test("is Harrell's C where no training patient is censored", () => {
  const g = censoringSurvival([10, 20, 300], [1, 1, 1]);
  const { time, event, risk } = bilirubin;
  const short = time.map((t: number) => t / 20); // within the training follow-up
  const uno = unoConcordance(short, event, risk, 299, g);
  expect(uno).toMatchObject({
    ...concordanceIndex(short, event, risk),
    name: 'unoConcordance',
    estimator: expect.stringContaining("Uno's C up to 299"),
  });
});

describe('refusals', () => {
  const g = censoringSurvival([1, 5, 9], [0, 1, 0]);
  const uno = (time: number[], event: number[], horizon: number, censoring: CensoringSurvival = g) =>
    unoConcordance(time, event, time, horizon, censoring);

  test('the horizon lies where the censoring survival is zero, even with no death there', () => {
    expect(uno([1, 2, 3], [1, 1, 0], 9.5)).toEqual({
      name: 'unoConcordance',
      value: null,
      reason: 'the censoring survival of the 3 training patients is 0 at 9.5; their follow-up ends at 9',
    });
    expect(uno([1, 2, 3], [1, 1, 0], Infinity).value).toBeNull();
    expect(uno([1, 2, 3], [1, 1, 0], 9).value).toBe(0);
  });

  test.each([
    ['all censored', [1, 2], [0, 0]],
    ['the only death is the last', [1, 2], [0, 1]],
    ['the only death comes at the horizon', [8, 9], [1, 0]],
    ['one patient', [1], [1]],
    ['no patient', [], []],
  ])('%s', (_, time, event) => {
    expect(uno(time, event, 8)).toMatchObject({
      value: null,
      reason: expect.stringMatching(/^no comparable pair before 8/),
    });
  });

  test('one death with one who outlives it is enough', () => {
    expect(uno([1, 2], [1, 0], 8)).toMatchObject({ value: 0, n: 2, events: 1, comparablePairs: 1 });
  });
});
