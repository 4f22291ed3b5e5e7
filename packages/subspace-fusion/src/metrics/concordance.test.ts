import { describe, expect, test } from 'vitest';
import { key, uniform } from '../random/counter.js';
import { concordance, concordanceIndex } from './concordance.js';

/** The definition, pair by pair. */
function allPairs(time: readonly number[], event: readonly number[], risk: readonly number[]) {
  const counts = { concordant: 0, discordant: 0, tiedRisk: 0, tiedTime: 0 };
  for (let i = 0; i < time.length; i++) {
    for (let j = 0; j < time.length; j++) {
      const sameTime = time[i] === time[j] && !event[j];
      if (!event[i] || !(time[i] < time[j] || sameTime)) continue;
      if (sameTime) counts.tiedTime++;
      if (Math.abs(risk[i] - risk[j]) <= 1e-8) counts.tiedRisk++;
      else if (risk[i] > risk[j]) counts.concordant++;
      else counts.discordant++;
    }
  }
  return counts;
}

test('agrees with the definition on 200 samples full of ties and near-ties', () => {
  for (let sample = 0; sample < 200; sample++) {
    const stream = key(1, 'concordance', sample);
    const n = 1 + Math.floor(uniform(stream, 0) * 40);
    const draw = (i: number, levels: number) => Math.floor(uniform(stream, i) * levels);
    const time = Array.from({ length: n }, (_, i) => draw(4 * i + 1, 8));
    const event = Array.from({ length: n }, (_, i) => draw(4 * i + 2, 2));
    const risk = Array.from({ length: n }, (_, i) => draw(4 * i + 3, 4) + 0.6e-8 * draw(4 * i + 4, 5));
    expect(concordance(time, event, risk)).toMatchObject(allPairs(time, event, risk));
  }
});

test('a higher risk that dies first is concordant', () => {
  expect(concordance([1, 2, 3], [1, 1, 1], [3, 2, 1])).toMatchObject({ concordant: 3, index: 1 });
  expect(concordance([1, 2, 3], [true, true, true], [1, 2, 3])).toMatchObject({ discordant: 3, index: 0 });
});

describe('ties', () => {
  test('equal risks count 1/2', () => {
    expect(concordance([1, 2, 3], [1, 1, 0], [5, 5, 5])).toMatchObject({ tiedRisk: 3, index: 0.5 });
    expect(concordance([1, 2], [1, 1], [0, 1.1e-8]).discordant).toBe(1);
  });

  test('two deaths at one time are not comparable; a death and a censoring are', () => {
    expect(concordance([1, 1], [1, 1], [2, 1])).toMatchObject({ comparable: 0, tiedTime: 0, index: null });
    expect(concordance([1, 1], [1, 0], [2, 1])).toMatchObject({ concordant: 1, tiedTime: 1, index: 1 });
  });

  test('infinite risks are ordered, and tied with themselves', () => {
    expect(concordance([1, 2, 3], [1, 1, 0], [Infinity, Infinity, -Infinity])).toMatchObject({
      concordant: 2,
      tiedRisk: 1,
    });
  });
});

describe('as a metric', () => {
  test('carries its provenance', () => {
    expect(concordanceIndex([1, 2, 3], [1, 0, 0], [3, 1, 2])).toMatchObject({
      name: 'concordanceIndex',
      value: 1,
      estimator: "Harrell's C",
      n: 3,
      events: 1,
      comparablePairs: 2,
    });
  });

  test.each([
    ['all censored', [1, 2], [0, 0]],
    ['the only death is the last', [1, 2], [0, 1]],
    ['one patient', [1], [1]],
    ['no patient', [], []],
  ])('%s: refused', (_, time, event) => {
    expect(concordanceIndex(time, event, time)).toMatchObject({
      value: null,
      reason: expect.stringMatching(/^no comparable pair/),
    });
  });

  test('NaN and unequal lengths are errors', () => {
    expect(() => concordanceIndex([1, 2], [1, 1], [NaN, 1])).toThrow('risk[0] is NaN');
    expect(() => concordanceIndex([1, 2], [1], [1, 2])).toThrow(RangeError);
  });
});
