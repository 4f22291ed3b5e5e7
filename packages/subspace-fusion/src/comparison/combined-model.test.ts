import { describe, expect, it } from 'vitest';
import { concordanceIndex } from '../metrics/concordance.js';
import { key, normal, uniform } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { combinedScores } from './simple-models.js';

const draw = (name: string, n: number) => Array.from({ length: n }, (_, i) => normal(key(5, name), i));

/** Two independent parts of a log hazard ratio, one that the clinical model knows and one that the other model knows, on scales of their own. */
function madeGroup(name: string, n: number) {
  const [a, b] = [draw(`${name} a`, n), draw(`${name} b`, n)];
  const time = a.map((x, i) => -Math.log(1 - uniform(key(6, name), i)) * Math.exp(-(x + b[i])));
  return { clinical: a, own: b.map((x) => 100 + 10 * x), time };
}

describe('a model with the clinical model', () => {
  const validation = madeGroup('validation', 150);
  const test = madeGroup('test', 300);
  const labels = {
    kind: 'survival',
    labels: validation.time.map((time) => ({ time, censored: false, bin: 0 })),
  } as const;
  const clinical = { validation: validation.clinical, test: test.clinical };
  const own = { validation: validation.own, test: test.own };

  it('is better than either where both know something', () => {
    const scores = combinedScores(labels, clinical, [own]);
    if ('reason' in scores) throw new Error(scores.reason);
    const c = (risk: ArrayLike<number>) =>
      defined(
        concordanceIndex(
          test.time,
          test.time.map(() => 1),
          risk,
        ).value,
      );
    expect(c(scores.runs[0])).toBeGreaterThan(c(test.clinical) + 0.05);
    expect(c(scores.runs[0])).toBeGreaterThan(c(test.own) + 0.05);
    expect(defined(scores.survival)[0].at(0, 0)).toBe(1);
  });

  it('is refused with few deaths, and where both say the same', () => {
    const few = {
      kind: 'survival',
      labels: labels.labels.map((label, i) => ({ ...label, censored: i >= 9 })),
    } as const;
    expect(combinedScores(few, clinical, [own])).toEqual({
      reason: '9 deaths among the validation patients; 10 are needed to fit it',
    });
    expect(combinedScores(labels, clinical, [clinical])).toEqual({
      reason: expect.stringMatching(/cannot tell its columns apart/) as string,
    });
  });

  it('of classes leans on the model that is right', () => {
    const truth = Array.from({ length: 60 }, (_, i) => i % 2);
    const right = truth.flatMap((label, i) =>
      (label === 0 ? [0.7 + 0.2 * uniform(1, i), 0] : [0.3 - 0.2 * uniform(1, i), 0]).map((p, c, [first]) =>
        c === 0 ? p : 1 - first,
      ),
    );
    const chance = truth.flatMap((_, i) => [uniform(2, i), 1 - uniform(2, i)]);
    const scores = combinedScores(
      { kind: 'classes', labels: truth, weights: [1, 1] },
      { validation: chance, test: chance },
      [{ validation: right, test: right }],
    );
    if ('reason' in scores) throw new Error(scores.reason);
    expect(truth.every((label, i) => scores.runs[0][2 * i + label] > 0.5)).toBe(true);
  });
});
