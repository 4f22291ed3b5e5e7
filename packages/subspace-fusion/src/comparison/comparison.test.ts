import { describe, expect, it } from 'vitest';
import { scoreProbabilities, scoreRisks } from '../evaluation/score.js';
import type { BatchLabels } from '../inference/batch.js';
import { takeRows, type Metric } from '../metrics/bootstrap.js';
import { unoConcordance } from '../metrics/censoring-weighted.js';
import { macroAuc } from '../metrics/classification.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { key, normal, uniform } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { chooseHorizon, compareModels } from './comparison.js';
import { drawOf, HEADLINES, OTHERS, prepareFolds } from './fold-metrics.js';
import { survivalOf, type FoldScores } from './fold-scores.js';
import { madeFold } from './made-folds.test.helper.js';

/** A fold whose risks are the true order with noise, on a scale of the fold's own. */
function survivalFold(fold: number, n: number, noise: Readonly<Record<string, number>>): FoldScores {
  const truth = Array.from({ length: n }, (_, i) => normal(key(1, 'truth', fold), i));
  const risks = (name: string, sd: number) =>
    truth.map((eta, i) => 10 ** fold * (1000 * fold + eta + sd * normal(key(2, name, fold), i)));
  return {
    fold,
    patients: truth.map((_, i) => `${fold}-${i}`),
    training: { patients: 4 * n },
    truth: {
      kind: 'survival',
      time: truth.map((eta) => Math.exp(-eta)),
      event: truth.map((_, i) => uniform(key(3, fold), i) < 0.6),
    },
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
    expect(models['exact']['concordanceIndex']).toMatchObject({ value: 1, low: 1, high: 1, n: 150 });
    const own = folds.map(
      (fold) => scoreRisks((fold.models['noisy'] as { runs: number[][] }).runs[0], labelsOf(fold), 1)[0],
    );
    const mean = own.reduce((sum, { value }) => sum + defined(value), 0) / 3;
    const { value, events, comparablePairs } = models['noisy']['concordanceIndex'] as {
      value: number;
      events: number;
      comparablePairs: number;
    };
    expect(value).toBeCloseTo(mean, 12);
    expect(events).toBe(own.reduce((sum, m) => sum + (m as { events: number }).events, 0));
    expect(comparablePairs).toBe(own.reduce((sum, m) => sum + (m as { comparablePairs: number }).comparablePairs, 0));
  });

  it('of one fold is that fold, interval and all', () => {
    const { models } = compareModels([folds[1]], [], 7);
    const runs = (folds[1].models['noisy'] as { runs: number[][] }).runs;
    const [{ name, ...expected }] = scoreRisks(runs[0], labelsOf(folds[1]), 7) as [Metric];
    expect(models['noisy'][name]).toEqual(expected);
  });

  it('of several seeds is the mean of their metrics, not the metric of their mean', () => {
    const [fold] = folds;
    const runs = [fold.models['noisy'], fold.models['noisier']].flatMap(
      (scores) => (scores as { runs: number[][] }).runs,
    );
    const { models } = compareModels([{ ...fold, models: { ...fold.models, both: { runs } } }], [], 1, 10);
    const value = (name: string) => defined(models[name]['concordanceIndex'].value);
    expect(value('both')).toBeCloseTo((value('noisy') + value('noisier')) / 2, 12);
  });

  it('is refused where a fold refuses, with the fold and its reason', () => {
    const silent: FoldScores = {
      ...folds[2],
      models: { ...folds[2].models, noisy: { reason: 'no run was finished' } },
    };
    const { models, differences } = compareModels([folds[0], folds[1], silent], [['exact', 'noisy']], 1, 10);
    expect(models['noisy']['concordanceIndex']).toEqual({ value: null, reason: 'fold 2: no run was finished' });
    expect(differences['exact - noisy']).toEqual({ value: null, reason: 'fold 2: no run was finished' });
    expect(models['exact']['concordanceIndex'].value).toBe(1);
  });
});

describe('paired differences', () => {
  it('of a model to itself are 0 in every draw, and the sign is the first model minus the second', () => {
    const folds = [0, 1].map((fold) => survivalFold(fold, 60, { good: 0.5, bad: 3 }));
    const { models, differences } = compareModels(
      folds,
      [
        ['good', 'good'],
        ['good', 'bad'],
      ],
      1,
      200,
    );
    expect(differences['good - good']).toMatchObject({ value: 0, low: 0, high: 0 });
    const value = (name: string) => defined(models[name]['concordanceIndex'].value);
    expect(differences['good - bad'].value).toBeCloseTo(value('good') - value('bad'), 12);
    expect((differences['good - bad'] as { low: number }).low).toBeGreaterThan(0);
  });

  it('have intervals that hold the true difference about 95 times of 100, here 57 of 60', () => {
    // Two models of equal merit: the true difference is 0.
    let covered = 0;
    for (let sample = 0; sample < 60; sample++) {
      const folds = [0, 1].map((fold) => survivalFold(fold + 2 * sample, 40, { one: 1, other: 1 }));
      const difference = compareModels(folds, [['one', 'other']], sample, 100).differences['one - other'] as {
        low: number;
        high: number;
      };
      if (difference.low <= 0 && difference.high >= 0) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(51);
    expect(covered).toBeLessThanOrEqual(60);
  });

  it('of classes are of macro AUC', () => {
    const labels = [0, 1, 0, 1, 0, 1];
    const runs = (p: readonly number[]) => ({ runs: [p.flatMap((x) => [1 - x, x])] });
    const models = { right: runs([0.1, 0.9, 0.2, 0.8, 0.3, 0.7]), wrong: runs([0.9, 0.1, 0.8, 0.2, 0.7, 0.3]) };
    const fold: FoldScores = {
      fold: 0,
      training: { patients: 20 },
      patients: labels.map((_, i) => `P${i}`),
      truth: { kind: 'classes', labels, classes: ['a', 'b'] },
      models,
    };
    const compared = compareModels([fold], [['right', 'wrong']], 3, 50);
    expect(compared.differences['right - wrong'].value).toBe(1);
    const batch = { kind: 'classes' as const, labels, weights: [1, 1] };
    const alone = scoreProbabilities(models.right.runs[0], batch, 3);
    for (const { name, ...metric } of alone) expect(compared.models['right'][name].value).toBe(metric.value);
    // Σ_c (p_c − [c is true])², worked out by hand: 2·(0.1² + 0.2² + 0.3²)/3.
    expect(compared.models['right']['brier'].value).toBeCloseTo((2 * (0.01 + 0.04 + 0.09)) / 3, 12);
    expect(compared.models['right']['expectedCalibrationError']).toMatchObject({
      value: expect.closeTo(0.2, 12) as number,
      noInterval: expect.any(String) as string,
    });
  });
});

describe('a draw of patients', () => {
  it('scores what the metric scores on the drawn rows, ties and repetitions and all', () => {
    const rounded = madeFold(0, 60, { model: 1 });
    const runs = (rounded.models['model'] as { runs: number[][] }).runs.map((run) => run.map((x) => Math.round(2 * x)));
    const time = survivalOf(rounded).time.map(Math.ceil);
    const { event } = survivalOf(rounded);
    const tied: FoldScores = { ...rounded, truth: { kind: 'survival', time, event }, models: { model: { runs } } };
    const [prepared] = prepareFolds([tied], { time: 24, timeUnit: 'months', times: [12, 24], rule: '' });
    for (let r = 0; r < 20; r++) {
      const rows = Uint32Array.from({ length: 60 }, (_, i) => Math.floor(60 * uniform(key(9, r), i)));
      const taken = [takeRows(time, rows), takeRows(event, rows), takeRows(runs[0], rows)] as const;
      const draw = drawOf(prepared, rows);
      expect(HEADLINES.survival.score(draw, 'model', 0)[0].value).toBeCloseTo(
        defined(concordanceIndex(...taken).value),
        12,
      );
      expect(OTHERS.survival.score(draw, 'model', 0)[0].value).toBeCloseTo(
        defined(unoConcordance(...taken, 24, defined(prepared.judged).censoring).value),
        12,
      );
    }
  });

  it('of classes too', () => {
    const labels = Array.from({ length: 40 }, (_, i) => i % 3);
    const p = labels.flatMap((label, i) =>
      [0, 1, 2].map((c) => Math.round(5 * uniform(key(4, c), i)) + Number(c === label)),
    );
    const fold: FoldScores = {
      fold: 0,
      training: { patients: 1 },
      patients: labels.map((_, i) => `P${i}`),
      truth: { kind: 'classes', labels, classes: ['a', 'b', 'c'] },
      models: { model: { runs: [p] } },
    };
    const [prepared] = prepareFolds([fold], undefined);
    for (let r = 0; r < 20; r++) {
      const rows = Uint32Array.from({ length: 40 }, (_, i) => Math.floor(40 * uniform(key(9, r), i)));
      const expected = macroAuc(takeRows(p, rows, 3), takeRows(labels, rows), 3);
      expect(HEADLINES.classes.score(drawOf(prepared, rows), 'model', 0)[0].value).toBeCloseTo(
        defined(expected.value),
        12,
      );
    }
  });
});

describe('probabilities of survival', () => {
  const folds = [0, 1].map((fold) => madeFold(fold, 150, { truth: 0, noisy: 1.5, ageDiagnosisGrade: 0.7 }));
  const compared = compareModels(folds, [['truth', 'noisy']], 1, 200);
  const value = (model: string, metric: string) => defined(compared.models[model][metric].value);

  it('are judged at two years, which training patients and models reach', () => {
    expect(compared.horizon).toMatchObject({ time: 24, timeUnit: 'months', rule: '2 years' });
    const short = {
      ...folds[0],
      models: { short: { ...folds[0].models['truth'], survival: [{ until: 15, at: () => 1 }] }, ...folds[0].models },
    } as FoldScores;
    const [first, ...others] = Object.entries(short.models);
    expect(
      compareModels([{ ...short, models: Object.fromEntries([...others, first]) }], [], 1, 2).models['short'][
        'integratedBrier'
      ].value,
    ).toBeNull();
    expect(chooseHorizon([short, folds[1]])).toMatchObject({ time: 15, times: [2.5, 5, 7.5, 10, 12.5, 15] });
  });

  it('make the model that knows the truth the best in every error', () => {
    for (const error of ['integratedBrier', 'survivalCalibrationError'])
      expect(value('truth', error)).toBeLessThan(value('noisy', error));
    for (const area of ['unoConcordance', 'dynamicAuc', 'netBenefit[0.5]'])
      expect(value('truth', area)).toBeGreaterThan(value('noisy', area));
    expect(compared.models['truth']['integratedBrier']).toMatchObject({
      n: 300,
      resamples: 200,
      low: expect.any(Number) as number,
    });
    expect(compared.models['truth']['unoConcordance']).toMatchObject({
      comparablePairs: expect.any(Number) as number,
      estimator: expect.stringContaining('training patients') as string,
    });
  });

  it('score constant ones as the formula says: no ranking, and S(1−S) and more of Brier score', () => {
    const n = 400;
    const flat = madeFold(0, n, { truth: 0 });
    const half = { runs: [Array<number>(n).fill(1)], survival: [{ until: 60, at: () => 0.5 }] };
    const { models } = compareModels([{ ...flat, models: { half } }], [], 1, 20);
    expect(models['half']['concordanceIndex'].value).toBe(0.5);
    expect(models['half']['dynamicAuc'].value).toBeCloseTo(0.5, 12);
    // (1/2 − 0)² and (1/2 − 1)² are both 1/4; the weights of the patients add up to about n.
    expect(models['half']['integratedBrier'].value).toBeCloseTo(0.25, 1);
  });

  it('are refused of a model that has none, and without knowledge of the training patients', () => {
    const risks = { runs: (folds[0].models['truth'] as { runs: number[][] }).runs };
    const one = compareModels([{ ...folds[0], models: { risks } }], [], 1, 20).models['risks'];
    expect(one['integratedBrier']).toEqual({
      value: null,
      reason: 'the model gives no probabilities of survival up to the horizon',
    });
    expect(one['unoConcordance'].value).toBeGreaterThan(0.6);
    const unknown = compareModels([{ ...folds[0], training: { patients: 3 } }], [], 1, 20);
    expect(unknown.horizon).toEqual({ reason: 'the follow-up of the training patients is not known' });
    expect(unknown.models['truth']['unoConcordance'].value).toBeNull();
  });

  it('say what each model adds to age, diagnosis and grade', () => {
    if ('reason' in compared.adds) throw new Error(compared.adds.reason);
    const { over, variables, leftOut, models } = compared.adds;
    expect({ over, variables, leftOut }).toEqual({
      over: 'ageDiagnosisGrade',
      variables: ['age'],
      leftOut: [{ variable: 'grade', reason: 'absent' }],
    });
    expect(Object.keys(models)).toEqual(['truth', 'noisy']);
    expect(Object.keys(models['truth'])).toEqual([
      'concordanceIndex',
      'integratedBrier',
      'netBenefit[0.1]',
      'netBenefit[0.25]',
      'netBenefit[0.5]',
    ]);
    expect(models['truth']['integratedBrier'].value).toBeCloseTo(
      value('truth', 'integratedBrier') - value('ageDiagnosisGrade', 'integratedBrier'),
      12,
    );
    expect((models['truth']['concordanceIndex'] as { low: number }).low).toBeGreaterThan(0);
    expect((models['truth']['integratedBrier'] as { high: number }).high).toBeLessThan(0);
    expect((models['noisy']['concordanceIndex'] as { high: number }).high).toBeLessThan(0);
    const without = compareModels(
      folds.map((fold) => ({ ...fold, models: { truth: fold.models['truth'] } })),
      [],
      1,
      20,
    );
    expect(without.adds).toEqual({ reason: 'there is no clinical model' });
  });
});

describe('verdicts', () => {
  const folds = [0, 1].map((fold) => {
    const made = madeFold(fold, 150, { good: 0.3, bad: 3, alike: 0 });
    return { ...made, models: { ...made.models, same: made.models['good'] } };
  });

  it('call a copy equivalent, a worse model one that is helped, and adjust p for the number of pairs', () => {
    const { differences, bootstrap } = compareModels(
      folds,
      [
        ['good', 'same'],
        ['good', 'bad'],
        ['bad', 'good'],
        ['good', 'alike'],
      ],
      1,
      1000,
    );
    expect(differences['good - same']).toMatchObject({ value: 0, p: 1, adjustedP: 1, verdict: 'equivalent' });
    expect(differences['good - bad']).toMatchObject({ verdict: 'helps', p: 2 / 1001 });
    expect(differences['good - bad'].adjustedP).toBeCloseTo(8 / 1001, 12);
    expect(differences['bad - good'].verdict).toBe('harms');
    expect(bootstrap).toMatchObject({ resamples: 1000, family: 4, margin: 0.01 });
  });

  it('draw more resamples where many pairs need them', () => {
    const pairs = Array.from({ length: 4 }, () => ['good', 'bad'] as const);
    expect(compareModels(folds, pairs, 1, 100).bootstrap.resamples).toBe(160);
    expect(compareModels(folds, pairs, 1, 100).differences['good - bad'].verdict).toBe('helps');
  });
});

describe('repeated folds', () => {
  // The same 80 patients dealt to two folds, twice.
  const whole = madeFold(0, 80, { model: 0.5, other: 2 });
  const dealt = (repeat: number, fold: number): FoldScores => {
    const rows = Array.from({ length: 80 }, (_, i) => i).filter(
      (i) => (repeat === 0 ? i % 2 : Math.floor(i / 40)) === fold,
    );
    const { time, event } = survivalOf(whole);
    const runs = (name: string) => ({
      runs: [rows.map((i) => (whole.models[name] as { runs: number[][] }).runs[0][i])],
    });
    return {
      fold,
      repeat,
      patients: rows.map((i) => whole.patients[i]),
      training: { patients: 40 },
      truth: { kind: 'survival', time: rows.map((i) => time[i]), event: rows.map((i) => event[i]) },
      models: { model: runs('model'), other: runs('other') },
    };
  };
  const folds = [dealt(0, 0), dealt(0, 1), dealt(1, 0), dealt(1, 1)];

  it('have the interval of Nadeau and Bengio beside that of patients, who are counted once', () => {
    const { models, repeated, bootstrap } = compareModels(folds, [['model', 'other']], 1, 200);
    expect(models['model']['concordanceIndex']).toMatchObject({ n: 80 });
    expect(bootstrap.units).toMatch(/each with all repeats/);
    expect(repeated).toMatchObject({ repeats: 2, folds: 2 });
    const values = folds.map((fold) =>
      defined(compareModels([fold], [], 1, 2).models['model']['concordanceIndex'].value),
    );
    const mean = values.reduce((a, b) => a + b, 0) / 4;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 3;
    const half = 3.182446 * Math.sqrt((1 / 4 + 40 / 40) * variance); // t of 3 degrees of freedom
    const interval = defined(repeated).models['model'] as { value: number; low: number; high: number };
    expect(interval.value).toBeCloseTo(mean, 12);
    expect(interval.high - interval.value).toBeCloseTo(half, 5);
    expect(defined(repeated).differences['model - other'].p).toBeLessThan(1);
    expect(compareModels(folds.slice(0, 2), [], 1, 20).repeated).toBeUndefined();
  });
});
