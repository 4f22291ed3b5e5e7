import { describe, expect, it } from 'vitest';
import { key, normal } from '../random/counter.js';
import { compareModels } from './comparison.js';
import { survivalOf, type FoldScores } from './fold-scores.js';
import { madeFold } from './made-folds.test.helper.js';
import { testedPairs } from './verdicts.js';

const runsOf = (fold: FoldScores, name: string) => (fold.models[name] as { runs: number[][] }).runs;

/** The same patients dealt to two folds several times, with models that know log hazard ratios with noise. */
function dealtFolds(repeats: number, noise: Readonly<Record<string, number>>): FoldScores[] {
  const whole = madeFold(0, 160, noise);
  const { time, event } = survivalOf(whole);
  return Array.from({ length: repeats }, (_, repeat) =>
    [0, 1].map((fold): FoldScores => {
      const rows = whole.patients.map((_, i) => i).filter((i) => ((i >> repeat) & 1) === fold);
      return {
        fold,
        repeat,
        patients: rows.map((i) => whole.patients[i]),
        training: { patients: 80 },
        truth: { kind: 'survival', time: rows.map((i) => time[i]), event: rows.map((i) => event[i]) },
        models: Object.fromEntries(
          Object.keys(noise).map((name) => [name, { runs: runsOf(whole, name).map((run) => rows.map((i) => run[i])) }]),
        ),
      };
    }),
  ).flat();
}

describe('from repeats', () => {
  const folds = dealtFolds(5, { good: 0.3, bad: 3, alike: 0.35 }).map((fold) => ({
    ...fold,
    models: { ...fold.models, twin: { runs: [runsOf(fold, 'bad')[0].map((x) => x * (1 + 1e-9))] } },
  }));
  const pairs = [
    ['good', 'bad'],
    ['good', 'alike'],
    ['good', 'twin'],
    ['bad', 'good'],
  ] as const;
  const { differences, bootstrap, repeated } = compareModels(folds, pairs, 1, 50);

  it('a worse model is one that is beaten, with the p-value of the corrected test', () => {
    expect(differences['good - bad']).toMatchObject({
      verdict: 'helps',
      p: repeated?.differences['good - bad'].p,
      interval: 'corrected resampled t',
    });
    expect(differences['bad - good'].verdict).toBe('harms');
  });

  it('a model that two names denote is tested once', () => {
    expect(bootstrap.family).toBe(3);
    const { p, adjustedP, verdict } = differences['good - bad'];
    expect(differences['good - twin']).toMatchObject({ adjustedP, verdict, sameAs: 'bad' });
    expect(differences['good - twin'].p).toBeCloseTo(p ?? NaN, 6);
    expect(differences['good - bad']).not.toHaveProperty('sameAs');
    expect(adjustedP).toBeCloseTo(3 * (p ?? NaN), 12);
  });
});

it('from one dealing nothing is tested: differences are of the fitted models', () => {
  const folds = [0, 1].map((fold) => madeFold(fold, 100, { good: 0.3, bad: 3 }));
  const { differences, bootstrap } = compareModels(folds, [['good', 'bad']], 1, 100);
  expect(differences['good - bad']).toMatchObject({ low: expect.any(Number) as number, interval: 'BCa bootstrap' });
  for (const key of ['p', 'adjustedP', 'verdict']) expect(differences['good - bad']).not.toHaveProperty(key);
  expect(bootstrap).toMatchObject({ family: 0, units: 'patients within folds, the models as trained' });
});

it('a model is not tested against its own superset; that is tested against the clinical model', () => {
  expect(
    testedPairs('subspace', ['subspace', 'ridgeCox', 'ageDiagnosisGrade', 'subspace + ageDiagnosisGrade']),
  ).toEqual([
    ['subspace', 'ridgeCox'],
    ['subspace', 'ageDiagnosisGrade'],
    ['subspace + ageDiagnosisGrade', 'ageDiagnosisGrade'],
  ]);
});

describe('two exchangeable procedures', () => {
  const FEATURES = 6;
  const PATIENTS = 60;

  /** Weights of the features, each its correlation with the outcome in half of the training patients, which half by `seed`. */
  function train(x: readonly number[][], time: readonly number[], rows: readonly number[], seed: number): number[] {
    const half = rows.filter((i) => normal(key(seed, 'half'), i) > 0);
    return Array.from({ length: FEATURES }, (_, j) => half.reduce((sum, i) => sum - x[i][j] * Math.log(time[i]), 0));
  }

  /** Both procedures on every fold of three repeats, on patients whom one weak feature tells something of. */
  function trial(seed: number): FoldScores[] {
    const x = Array.from({ length: PATIENTS }, (_, i) =>
      Array.from({ length: FEATURES }, (_, j) => normal(key(seed, 'x', j), i)),
    );
    const time = x.map((own, i) => Math.exp(normal(key(seed, 'time'), i) - 0.5 * own[0]));
    return [0, 1, 2].flatMap((repeat) => {
      const place = x.map((_, i) => ({ i, at: normal(key(seed, 'deal', repeat), i) })).sort((a, b) => a.at - b.at);
      return [0, 1, 2, 3, 4].map((fold): FoldScores => {
        const test = place.flatMap(({ i }, k) => (k % 5 === fold ? [i] : []));
        const rest = place.flatMap(({ i }, k) => (k % 5 === fold ? [] : [i]));
        const risks = (name: string) => {
          const weights = train(x, time, rest, key(seed, name, repeat, fold));
          return { runs: [test.map((i) => weights.reduce((sum, w, j) => sum + w * x[i][j], 0))] };
        };
        return {
          fold,
          repeat,
          patients: test.map(String),
          training: { patients: rest.length },
          truth: { kind: 'survival', time: test.map((i) => time[i]), event: test.map(() => true) },
          models: { one: risks('one'), other: risks('other') },
        };
      });
    });
  }

  it('differ with p ≤ 0.05 in about 5 of 100 cohorts, or fewer', () => {
    const trials = Array.from({ length: 100 }, (_, seed) => compareModels(trial(seed), [['one', 'other']], 1, 2));
    const rejected = trials.filter(({ differences }) => (differences['one - other'].p ?? 1) <= 0.05);
    expect(rejected.length).toBeLessThanOrEqual(8);
    expect(trials.filter(({ differences }) => differences['one - other'].p !== undefined)).toHaveLength(100);
  });
});
