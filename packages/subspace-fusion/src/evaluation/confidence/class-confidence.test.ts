import { describe, expect, test } from 'vitest';
import { outputsOf } from '../../inference/predictor.js';
import type { Metric } from '../../metrics/bootstrap.js';
import { softmaxRows, temperatureApplies } from '../../metrics/class-calibration.js';
import { key, normal, uniform } from '../../random/counter.js';
import type { Outcome } from '../../runs/model.js';
import { defined } from '../../testing/defined.js';
import { setInWords } from '../../words/prediction.js';
import { classResult } from './apply.js';
import { calibrate, learnClassConfidence, setsOf, type ScoredClasses } from './outcomes.js';

const CLASSES = ['common', 'second', 'third', 'rare'];
const FREQUENCY = [0.45, 0.3, 0.247, 0.003];
/** The model's logits are this many times too large. */
const TOO_SURE = 2.5;

/**
 * Patients with logits z drawn at random around the classes' frequencies, and a class drawn from softmax(z): a model that says
 * softmax(TOO_SURE·z) has the right temperature TOO_SURE.
 */
function draw(n: number, stream: number): ScoredClasses {
  const C = CLASSES.length;
  const z = Float64Array.from(
    { length: n * C },
    (_, i) => Math.log(FREQUENCY[i % C]) + 1.5 * normal(key(stream, 'z'), i),
  );
  const truth = softmaxRows(z, C);
  const said = softmaxRows(
    z.map((x) => TOO_SURE * x),
    C,
  );
  const row = (p: Float64Array, i: number) => Array.from(p.subarray(i * C, (i + 1) * C));
  const labels = Array.from({ length: n }, (_, i) => {
    let u = uniform(key(stream, 'label'), i);
    return Math.max(
      0,
      row(truth, i).findIndex((p) => (u -= p) < 0),
    );
  });
  return { outputs: labels.map((_, i) => row(said, i)), labels };
}

describe('over 120 replicates of validation, conformal and test patients', () => {
  const replicates = Array.from({ length: 120 }, (_, r) => {
    const learned = learnClassConfidence(CLASSES, draw(150, key(r, 'validation')), draw(599, key(r, 'conformal')));
    return { learned, result: classResult(learned, draw(400, key(r, 'test'))) };
  });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  test('the coverage of sets with one threshold is nominal within a point', () => {
    expect(
      Math.abs(mean(replicates.map(({ result }) => defined(defined(result.sets).marginal.coverage.value))) - 0.9),
    ).toBeLessThan(0.01);
  });

  test.each([0, 1, 2])('so is the coverage within class %i', (c) => {
    const covered = replicates.map(({ result }) => defined(defined(result.sets).byClass.classes[c].coverage.value));
    expect(Math.abs(mean(covered) - 0.9)).toBeLessThan(0.01);
  });

  test('where few patients calibrate, the coverage lies above nominal as far as is foretold', () => {
    const small = Array.from(
      { length: 120 },
      (_, r) =>
        defined(
          classResult(
            learnClassConfidence(CLASSES, draw(60, key(r, 'v')), draw(24, key(r, 'c'))),
            draw(200, key(r, 't')),
          ).sets,
        ).marginal,
    );
    expect(defined(small[0].expected).mean).toBeCloseTo(23 / 25, 12);
    expect(Math.abs(mean(small.map(({ coverage }) => defined(coverage.value))) - 23 / 25)).toBeLessThan(0.01);
  });

  test('19 of 20 observed coverages lie in the interval to expect', () => {
    const inside = replicates.filter(({ result: { sets } }) => {
      const { coverage, expected } = defined(sets).marginal;
      return defined(coverage.value) >= defined(expected).low && defined(coverage.value) <= defined(expected).high;
    });
    expect(inside.length / replicates.length).toBeGreaterThan(0.92);
  });

  test('a class of fewer than 9 patients is refused, is in every set, and its coverage is 1', () => {
    const refused = replicates.filter(({ result }) => defined(result.sets).byClass.classes[3].refused !== undefined);
    expect(refused.length).toBeGreaterThan(50);
    for (const { learned, result } of refused) {
      const { calibrators, refused: reason, coverage, expected } = defined(result.sets).byClass.classes[3];
      expect(calibrators).toBeLessThan(9);
      expect(reason).toMatch(/^\d calibration patients; a coverage of 90 % needs 9$/);
      if (coverage.value !== null) expect(coverage.value).toBe(1);
      expect(expected).toBeNull();
      expect(setsOf([1, 0, 0, 0], defined(learned.conformal)).byClass).toContain(3);
    }
  });

  test('the temperature finds how much too sure the model is, and calibration gets better by it', () => {
    expect(mean(replicates.map(({ learned }) => defined(learned.temperature.value)))).toBeCloseTo(TOO_SURE, 0);
    expect(mean(replicates.map(({ result }) => defined(result.after.calibrationError.value)))).toBeLessThan(
      0.5 * mean(replicates.map(({ result }) => defined(result.before.calibrationError.value))),
    );
    expect(mean(replicates.map(({ result }) => defined(result.after.logLoss.value)))).toBeLessThan(
      mean(replicates.map(({ result }) => defined(result.before.logLoss.value))),
    );
  });

  test('thresholds of sensitivity 0.9 keep it on validation patients, and come near it on others', () => {
    const points = replicates.map(
      ({ learned, result }) => [learned.operatingPoints[1], result.operatingPoints[1]] as const,
    );
    for (const [chosen] of points) {
      expect(chosen).toMatchObject({ class: 'common', rule: 'sensitive' });
      expect(defined(chosen.sensitivity).value).toBeGreaterThanOrEqual(0.9);
    }
    const reached = mean(points.map(([, test]) => defined(defined(test.sensitivity).value)));
    expect(reached).toBeGreaterThan(0.87);
    expect(reached).toBeLessThan(0.93);
  });
});

test('class weights are taken off before the temperature is fitted: it is that of the model without weights', () => {
  const { outputs, labels } = draw(2000, key(1, 'weighted'));
  const outcome: Outcome = { kind: 'classes', classes: CLASSES, weights: FREQUENCY.map((f) => 0.45 / f) };
  // A model that weighs class c by w_c says logits log p_c + log w_c.
  const weighted = outputs.map((p) =>
    outputsOf(
      Float32Array.from(p, (x, c) => Math.log(x) + Math.log(0.45 / FREQUENCY[c])),
      outcome,
    ),
  );
  const corrected = learnClassConfidence(CLASSES, { outputs: weighted.map((p) => Array.from(p)), labels });
  expect(corrected.temperature.value).toBeCloseTo(
    defined(learnClassConfidence(CLASSES, { outputs, labels }).temperature.value),
    3,
  );
});

describe('few validation patients', () => {
  /** Patients of whom the model says softmax(z), from which their classes are drawn: it is calibrated. */
  const calibratedModel = (n: number, stream: number): ScoredClasses => {
    const { outputs, labels } = draw(n, stream);
    return {
      outputs: outputs.map((p) =>
        Array.from(
          softmaxRows(
            p.map((x) => Math.log(x) / TOO_SURE),
            4,
          ),
        ),
      ),
      labels,
    };
  };
  const future = calibratedModel(4000, key(77, 'future'));
  const lossAt = (temperature: Metric) =>
    future.outputs.reduce((sum, p, i) => {
      const logits = p.map((x) => Math.log(x) / (temperature.value ?? 1));
      return sum - Math.log(softmaxRows(logits, 4)[future.labels[i]]);
    }, 0);
  const learned = Array.from({ length: 200 }, (_, r) =>
    learnClassConfidence(CLASSES, calibratedModel(24, key(r, 'few'))),
  );

  test('24 of them: a temperature makes a calibrated model worse nearly always, so it is seldom applied', () => {
    const fitted = learned.filter(({ temperature }) => temperature.value !== null);
    const plain = lossAt({ name: 'temperature', value: null, reason: '' });
    const hurts = fitted.filter(({ temperature }) => lossAt(temperature) > plain);
    expect(hurts.length / fitted.length).toBeGreaterThan(0.85);
    const applied = fitted.filter(({ temperature }) => temperatureApplies(temperature));
    expect(applied.length / fitted.length).toBeLessThan(0.1);
    const kept = defined(fitted.find(({ temperature }) => !temperatureApplies(temperature)));
    expect(kept.temperature).toMatchObject({
      low: expect.any(Number) as number,
      note: 'not applied: the interval includes 1',
    });
    expect(calibrate([0.7, 0.2, 0.06, 0.04], kept)).toEqual([0.7, 0.2, 0.06, 0.04]);
  });

  test('thresholds are refused below 10 patients of the class or of the rest', () => {
    const two = learnClassConfidence(['a', 'b'], {
      outputs: Array.from({ length: 25 }, (_, i) => [i / 25, 1 - i / 25]),
      labels: Array.from({ length: 25 }, (_, i) => (i < 9 ? 1 : 0)),
    });
    expect(two.operatingPoints).toHaveLength(4);
    for (const { threshold, sensitivity } of two.operatingPoints) {
      expect(threshold.value).toBeNull();
      expect(sensitivity).toBeUndefined();
    }
    expect(two.operatingPoints[2].threshold).toMatchObject({
      reason: '9 validation patients of the class and 16 of the rest; 10 of each are needed',
    });
  });
});

test('a temperature that cannot be fitted is refused, and leaves probabilities as they are', () => {
  const perfect = learnClassConfidence(['a', 'b'], {
    outputs: [
      [0.9, 0.1],
      [0.2, 0.8],
    ],
    labels: [0, 1],
  });
  expect(perfect.temperature).toMatchObject({
    value: null,
    reason: expect.stringContaining('no temperature is low enough'),
  });
  expect(calibrate([0.7, 0.3], perfect)).toEqual([0.7, 0.3]);
  expect(perfect.conformal).toBeUndefined();
  expect(
    calibrate(
      [1, 0],
      learnClassConfidence(['a', 'b'], {
        outputs: [
          [1, 0],
          [0.6, 0.4],
          [0.8, 0.2],
        ],
        labels: [0, 1, 0],
      }),
    ),
  ).toEqual([1, 0]);
});

test('a set in words', () => {
  expect(setInWords(['a'], ['a', 'b', 'c'])).toBe('a');
  expect(setInWords(['a', 'c'], ['a', 'b', 'c'])).toBe('one of: a, c');
  expect(setInWords(['a', 'b'], ['a', 'b'])).toBe('cannot tell: no class is ruled out');
  expect(setInWords([], ['a', 'b'])).toBe('none: the patient is like those of no class');
});
