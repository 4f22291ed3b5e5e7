import { describe, expect, it } from 'vitest';
import type { BatchLabels } from '../training/batch.js';
import { key, normal, uniform } from '../random/counter.js';
import { compareModels } from './comparison.js';
import type { FoldScores } from './fold-scores.js';
import { byName } from './result.js';
import { scoreProbabilities, scoreRisks } from './score.js';

/** A fold whose risks are the true order with noise, on a scale of the fold's own. */
function survivalFold(fold: number, n: number, noise: Readonly<Record<string, number>>): FoldScores {
  const truth = Array.from({ length: n }, (_, i) => normal(key(1, 'truth', fold), i));
  const risks = (name: string, sd: number) => truth.map((eta, i) => 10 ** fold * (1000 * fold + eta + sd * normal(key(2, name, fold), i)));
  return {
    fold,
    patients: truth.map((_, i) => `${fold}-${i}`),
    truth: { kind: 'survival', time: truth.map((eta) => Math.exp(-eta)), event: truth.map((_, i) => uniform(key(3, fold), i) < 0.6) },
    models: Object.fromEntries(Object.entries(noise).map(([name, sd]) => [name, { runs: [risks(name, sd)] }])),
  };
}

const labelsOf = ({ truth }: FoldScores): BatchLabels & { kind: 'survival' } => {
  if (truth.kind !== 'survival') throw new TypeError('survival expected');
  return { kind: 'survival', labels: truth.time.map((time, i) => ({ time, censored: !truth.event[i], bin: 0 })) };
};

describe('the mean over folds', () => {
  const folds = [0, 1, 2].map((fold) => survivalFold(fold, 40 + 10 * fold, { exact: 0, noisy: 1, noisier: 2 }));

  it('is of the metric within folds: scales that differ between folds do not matter', () => {
    const { models } = compareModels(folds, [], 1, 100);
    expect(models['exact']!['concordanceIndex']).toMatchObject({ value: 1, low: 1, high: 1, n: 150 });
    const own = folds.map((fold) => scoreRisks((fold.models['noisy'] as { runs: number[][] }).runs[0]!, labelsOf(fold), 1)[0]!);
    const mean = own.reduce((sum, { value }) => sum + value!, 0) / 3;
    const { value, events, comparablePairs } = models['noisy']!['concordanceIndex'] as { value: number; events: number; comparablePairs: number };
    expect(value).toBeCloseTo(mean, 12);
    expect(events).toBe(own.reduce((sum, m) => sum + (m as { events: number }).events, 0));
    expect(comparablePairs).toBe(own.reduce((sum, m) => sum + (m as { comparablePairs: number }).comparablePairs, 0));
  });

  it('of one fold is that fold, interval and all', () => {
    const { models } = compareModels([folds[1]!], [], 7);
    const runs = (folds[1]!.models['noisy'] as { runs: number[][] }).runs;
    expect(models['noisy']).toEqual(byName(scoreRisks(runs[0]!, labelsOf(folds[1]!), 7)));
  });

  it('of several seeds is the mean of their metrics, not the metric of their mean', () => {
    const [fold] = folds;
    const runs = [fold!.models['noisy'], fold!.models['noisier']].flatMap((scores) => (scores as { runs: number[][] }).runs);
    const { models } = compareModels([{ ...fold!, models: { ...fold!.models, both: { runs } } }], [], 1, 10);
    const value = (name: string) => models[name]!['concordanceIndex']!.value!;
    expect(value('both')).toBeCloseTo((value('noisy') + value('noisier')) / 2, 12);
  });

  it('is refused where a fold refuses, with the fold and its reason', () => {
    const silent: FoldScores = { ...folds[2]!, models: { ...folds[2]!.models, noisy: { reason: 'no run was finished' } } };
    const { models, differences } = compareModels([folds[0]!, folds[1]!, silent], [['exact', 'noisy']], 1, 10);
    expect(models['noisy']!['concordanceIndex']).toEqual({ value: null, reason: 'fold 2: no run was finished' });
    expect(differences['exact - noisy']).toEqual({ value: null, reason: 'fold 2: no run was finished' });
    expect(models['exact']!['concordanceIndex']!.value).toBe(1);
  });
});

describe('paired differences', () => {
  it('of a model to itself are 0 in every draw, and the sign is the first model minus the second', () => {
    const folds = [0, 1].map((fold) => survivalFold(fold, 60, { good: 0.5, bad: 3 }));
    const { models, differences } = compareModels(folds, [['good', 'good'], ['good', 'bad']], 1, 200);
    expect(differences['good - good']).toMatchObject({ value: 0, low: 0, high: 0 });
    const value = (name: string) => models[name]!['concordanceIndex']!.value!;
    expect(differences['good - bad']!.value).toBeCloseTo(value('good') - value('bad'), 12);
    expect((differences['good - bad'] as { low: number }).low).toBeGreaterThan(0);
  });

  it('have intervals that hold the true difference about 95 times of 100, here 57 of 60', () => {
    // Two models of equal merit: the true difference is 0.
    let covered = 0;
    for (let sample = 0; sample < 60; sample++) {
      const folds = [0, 1].map((fold) => survivalFold(fold + 2 * sample, 40, { one: 1, other: 1 }));
      const difference = compareModels(folds, [['one', 'other']], sample, 100).differences['one - other'] as { low: number; high: number };
      if (difference.low <= 0 && difference.high >= 0) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(51);
    expect(covered).toBeLessThanOrEqual(60);
  });

  it('of classes are of macro AUC', () => {
    const labels = [0, 1, 0, 1, 0, 1];
    const runs = (p: readonly number[]) => ({ runs: [p.flatMap((x) => [1 - x, x])] });
    const models = { right: runs([0.1, 0.9, 0.2, 0.8, 0.3, 0.7]), wrong: runs([0.9, 0.1, 0.8, 0.2, 0.7, 0.3]) };
    const fold: FoldScores = { fold: 0, patients: labels.map(String), truth: { kind: 'classes', labels, classes: ['a', 'b'] }, models };
    const compared = compareModels([fold], [['right', 'wrong']], 3, 50);
    expect(compared.differences['right - wrong']!.value).toBe(1);
    const batch = { kind: 'classes' as const, labels, weights: [1, 1] };
    expect(Object.keys(compared.models['right']!)).toEqual(scoreProbabilities(models.right.runs[0]!, batch, 3).map(({ name }) => name));
  });
});
