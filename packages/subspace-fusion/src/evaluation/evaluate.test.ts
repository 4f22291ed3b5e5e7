import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { riskOf } from '../model/losses.js';
import type { EvaluatedPatient, Result } from '../runs/result.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import { evaluate, evaluateAndWrite } from './evaluate.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const survival = join(folder, 'survival');
const subtype = join(folder, 'subtype');
let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'), { patients: 40 });
  const parts = { 'split.test': '0.3', 'split.validation': '0.2' };
  await train({ config: await shortConfig(yaml, parts), out: survival });
  await train({ config: await shortConfig(yaml, { ...parts, task: 'subtype' }), out: subtype });
});

interface Files {
  'predictions.json': (EvaluatedPatient & { time: number; event: boolean; survival: number[] })[];
  'result.json': Result;
}
const read = <F extends keyof Files>(run: string, file: F): Files[F] =>
  JSON.parse(readFileSync(join(run, file), 'utf8'));

describe('survival', () => {
  test('result.json has the concordance index with its interval, and a baseline on the same patients', async () => {
    const { result } = await evaluateAndWrite(survival);
    expect(read(survival, 'result.json')).toEqual(result);
    expect(result).toMatchObject({ task: 'survival', split: 'test', patients: 12, patientsWithSeveralSlides: 0 });
    expect(Object.keys(result.metrics)).toEqual(['concordanceIndex']);
    const index = result.metrics['concordanceIndex'];
    if (index.value === null) throw new Error(index.reason);
    expect(index).toMatchObject({
      n: 12,
      events: expect.any(Number),
      comparablePairs: expect.any(Number),
      estimator: "Harrell's C",
      interval: 'logit scale, jackknife standard error',
    });
    expect(index.low).toBeLessThanOrEqual(index.value);
    expect(index.high).toBeGreaterThanOrEqual(index.value);
    expect(result.baselines['ridgeCox']['concordanceIndex']).toMatchObject({
      n: 12,
      comparablePairs: index.comparablePairs,
    });
    expect(result.selection.metric).toBe('concordanceIndex');
    const { to, of } = defined(result.difference);
    expect(to).toBe('ridgeCox');
    expect(of.value).toBeCloseTo(index.value - defined(result.baselines['ridgeCox']['concordanceIndex'].value), 12);
  });

  test('the cut of the risk groups is the median risk of the training patients', async () => {
    const test = await evaluate(survival);
    const training = await evaluate(survival, { split: 'train', allowSelected: true });
    const risks = training.predictions.map(({ risk }) => defined(risk)).sort((a, b) => a - b);
    const median = (risks[(risks.length - 1) >> 1] + risks[risks.length >> 1]) / 2;
    expect(defined(test.result.riskGroups).cut).toBeCloseTo(median, 12);
    expect(defined(training.result.riskGroups).cut).toBeCloseTo(median, 12);
    const high = test.predictions.filter(({ risk }) => defined(risk) > median);
    expect(test.result.riskGroups).toMatchObject({ high: high.length, low: 12 - high.length });
    for (const p of test.predictions)
      expect((p as { group: string }).group).toBe(defined(p.risk) > median ? 'high' : 'low');
    expect(Object.keys(defined(test.result.riskGroups).logRank)).toEqual(['logRankChiSquare', 'logRankP']);
    const { hazardRatio, medianSurvival } = defined(training.result.riskGroups);
    expect(hazardRatio).toMatchObject({ name: 'hazardRatio', n: training.result.patients });
    expect(defined(medianSurvival).low.name).toBe('medianSurvival');
  });

  test('patients that the model was chosen on are scored only where that is asked for, and the result says so', async () => {
    for (const split of ['train', 'validation'] as const) {
      await expect(evaluate(survival, { split })).rejects.toThrow(/no evidence of how good it is.*--allow-selected/);
      expect((await evaluate(survival, { split, allowSelected: true })).result).toMatchObject({
        split,
        chosenOnThese: true,
      });
    }
    expect((await evaluate(survival, { allowSelected: true })).result).not.toHaveProperty('chosenOnThese');
    const { code, err } = await subspace('evaluate', survival, '--split', 'validation');
    expect([code, isPlainMessage(err)]).toEqual([2, true]);
    expect((await subspace('evaluate', survival, '--split', 'validation', '--allow-selected')).out).toMatch(
      /^ {2}CAUTION: .*no evidence/m,
    );
  });

  test('predictions.json has every test patient once, with what was predicted and what happened', async () => {
    await evaluateAndWrite(survival);
    const predictions = read(survival, 'predictions.json');
    expect(predictions.map(({ patient }) => patient)).toEqual((await (await openRunFolder(survival)).split()).test);
    const [header, ...rows] = readFileSync(join(folder, 'cohort', 'clinical.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    for (const { patient, time, event, outputs, risk, survival: S } of predictions) {
      const row = defined(rows.find(([id]) => id === patient));
      expect(time).toBe(Number(row[header.indexOf('survival_months')]));
      expect(event).toBe(row[header.indexOf('event')] === '1');
      expect(outputs).toHaveLength(4);
      expect(risk).toBeCloseTo(riskOf(outputs, 4)[0], 12);
      expect(S[1]).toBeCloseTo((1 - outputs[0]) * (1 - outputs[1]), 12);
    }
  });

  test('is the same at every evaluation', async () => {
    expect((await evaluate(survival)).result).toEqual((await evaluate(survival)).result);
  });
});

describe('classes', () => {
  test('result.json has six metrics; the mean sensitivity is the balanced accuracy, printed once', async () => {
    const { result, predictions } = await evaluate(subtype);
    expect(Object.keys(result.metrics).sort()).toEqual([
      'accuracy',
      'balancedAccuracy',
      'macroAuc',
      'macroF1',
      'precision',
      'specificity',
    ]);
    for (const metric of Object.values(result.metrics)) {
      if (metric.value === null) expect(metric.reason.length).toBeGreaterThan(10);
      else expect(metric).toMatchObject({ n: result.patients, estimator: expect.any(String) });
    }
    expect(result.riskGroups).toBeUndefined();
    expect(Object.keys(result.baselines)).toEqual(['ridgeLogistic']);
    const right = predictions.filter(
      (p) => 'label' in p && p.outputs.indexOf(Math.max(...p.outputs)) === p.label,
    ).length;
    expect(result.metrics['accuracy'].value).toBeCloseTo(right / result.patients, 12);
    for (const p of predictions) expect(p.outputs.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});

test('a metric that cannot be computed is a refusal with its reason, never 0 and never NaN', async () => {
  const copy = join(folder, 'alive');
  const config = await shortConfig(copyCohort(join(folder, 'cohort'), copy), {
    'split.test': '0.3',
    'split.validation': '0.2',
  });
  const alive = new Set((await (await openRunFolder(survival)).split()).test);
  // The run's folds are drawn from the events: named here, they stay.
  editTable(join(copy, 'clinical.csv'), (rows) =>
    rows.map((row) => (alive.has(row[0]) ? row.with(rows[0].indexOf('event'), '0') : row)),
  );
  editTable(join(copy, 'clinical.csv'), (rows) =>
    rows.map((row, r) => [...row, r === 0 ? 'fold' : alive.has(row[0]) ? '1' : '0']),
  );
  const out = join(folder, 'alive-run');
  const { seed, test: share, validation } = config.split;
  const split = { seed, test: share, validation, file: join(copy, 'clinical.csv'), fold: 1 };
  await train({ config: { ...config, split }, out });
  const { result } = await evaluateAndWrite(out);
  expect(result.patients).toBe(alive.size);
  expect(read(out, 'result.json').metrics['concordanceIndex']).toEqual({
    value: null,
    reason: 'no comparable pair among 12 patients with 0 deaths',
  });
  expect(readFileSync(join(out, 'result.json'), 'utf8')).not.toContain('NaN');
});

test('several slides of a patient give one prediction, the mean of their hazards, and the result says so', async () => {
  const copy = join(folder, 'slides');
  const config = copyCohort(join(folder, 'cohort'), copy);
  const [patient] = (await (await openRunFolder(survival)).split()).test as [string];
  const noise = Float32Array.from({ length: 49 * 16 }, (_, i) => Math.sin(i * i));
  await writeBag(join(copy, 'bags'), `${patient}-DX2.h5`, { shape: [49, 16], features: noise, encoder: 'simulated' });
  const out = join(folder, 'slides-run');
  await train({ config: await shortConfig(config, { 'split.test': '0.3', 'split.validation': '0.2' }), out });
  const both = await evaluate(out);
  expect(both.result.patientsWithSeveralSlides).toBe(1);
  expect(both.result.patients).toBe(12);
  const mean = defined(both.predictions.find((p) => p.patient === patient));
  expect(mean.slides).toBe(2);
  const first = defined((await evaluate(survival)).predictions.find((p) => p.patient === patient)); // the same model: training never saw the patient
  rmSync(join(copy, 'bags', `${patient}-DX1.h5`));
  const second = defined((await evaluate(out)).predictions.find((p) => p.patient === patient));
  mean.outputs.forEach((h, j) => expect(h).toBeCloseTo((first.outputs[j] + second.outputs[j]) / 2, 6));
});

test('patients that have left the cohort since are named', async () => {
  const copy = join(folder, 'left');
  const config = copyCohort(join(folder, 'cohort'), copy);
  const out = join(folder, 'left-run');
  await train({ config: await shortConfig(config), out });
  editTable(join(copy, 'clinical.csv'), (rows) => rows.filter(([id]) => id !== 'SIM-0004'));
  await expect(evaluate(out)).rejects.toThrow(
    /left-run: 1 patient of its split is no longer in the cohort .*clinical\.csv, or without a label \(SIM-0004\)\. Restore/,
  );
});
