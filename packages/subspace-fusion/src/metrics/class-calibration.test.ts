import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import {
  classBrier,
  expectedCalibrationError,
  fitTemperature,
  logLoss,
  reliabilityCurve,
  removeClassWeights,
  softmaxRows,
  temperatureApplies,
} from './class-calibration.js';

const reference = JSON.parse(readFileSync(new URL('./reference/classes.json', import.meta.url), 'utf8'));
const logits: number[] = reference.logits.flat();
const truth: number[] = reference.truth;
const probabilities = softmaxRows(logits, 3);

test('Brier score and log loss are those of scikit-learn', () => {
  expect(classBrier(probabilities, truth, 3)).toMatchObject({ value: expect.closeTo(reference.brier, 12), n: 60 });
  expect(logLoss(probabilities, truth, 3)).toMatchObject({ value: expect.closeTo(reference.logLoss, 12), n: 60 });
});

test('scores at the ends: certain and right, certain and wrong, nobody', () => {
  expect(classBrier([1, 0, 0, 1], [0, 1], 2).value).toBe(0);
  expect(classBrier([1, 0, 0, 1], [1, 0], 2).value).toBe(2);
  expect(logLoss([1, 0, 0, 1], [0, 1], 2).value).toBeCloseTo(0, 14);
  expect(logLoss([1, 0, 0, 1], [0, 0], 2)).toMatchObject({
    value: null,
    reason: 'the true class of 1 of 2 patients has probability 0',
  });
  for (const metric of [
    classBrier([], [], 2),
    logLoss([], [], 2),
    expectedCalibrationError([], [], 2),
    fitTemperature([], [], 2),
  ]) {
    expect(metric).toMatchObject({ value: null, reason: 'there are no patients' });
  }
  expect(() => classBrier([0.5, 0.5], [2], 2)).toThrow('class 2 of patient 0 is not one of 0 to 1');
  expect(() => logLoss([0.5, NaN], [0], 2)).toThrow('probabilities[1] is NaN');
});

describe('reliability', () => {
  const confidence = Float64Array.from(truth, (_, i) => Math.max(...probabilities.subarray(3 * i, 3 * i + 3)));
  const right = truth.map((label, i) => probabilities[3 * i + label] === confidence[i]);

  test('curve and expected calibration error are those of scikit-learn', () => {
    const { bins, observed, predicted, counts } = reference.reliability;
    const curve = reliabilityCurve(confidence, right, bins);
    expect(curve.map((bin) => bin.n)).toEqual(counts);
    curve.forEach((bin, b) => {
      expect(bin.observed).toBeCloseTo(observed[b], 12);
      expect(bin.predicted).toBeCloseTo(predicted[b], 12);
      expect(bin.low).toBeLessThan(bin.observed);
      expect(bin.high).toBeGreaterThan(bin.observed);
    });
    expect(expectedCalibrationError(probabilities, truth, 3, bins).value).toBeCloseTo(
      reference.expectedCalibrationError,
      12,
    );
  });

  test('a bin includes its upper end, the first one 0; empty bins are left out', () => {
    const curve = reliabilityCurve([0, 0.5, 0.51, 1], [0, 1, 0, 1], 4);
    expect(curve).toMatchObject([
      { from: 0, to: 0.25, n: 1, predicted: 0, observed: 0 },
      { from: 0.25, to: 0.5, n: 1, predicted: 0.5, observed: 1 },
      { from: 0.5, to: 0.75, n: 1, predicted: 0.51, observed: 0 },
      { from: 0.75, to: 1, n: 1, predicted: 1, observed: 1 },
    ]);
    expect(reliabilityCurve([0.9], [1], 4)).toHaveLength(1);
    expect(() => reliabilityCurve([1.1], [1], 4)).toThrow('probability[0] is 1.1');
  });

  test('the note says what chance alone makes: 40 patients at 0.6 in one bin', () => {
    const labels = Array.from({ length: 40 }, (_, i) => (i < 24 ? 0 : 1));
    const metric = expectedCalibrationError(
      labels.flatMap(() => [0.6, 0.4]),
      labels,
      2,
    );
    expect(metric).toMatchObject({ value: expect.closeTo(0, 12) });
    // E|K − 24|/40 for K binomial(40, 0.6) is 0.0617; the normal approximation gives √(2/π · 9.6)/40
    expect(metric).toHaveProperty('note', 'a perfectly calibrated model would have about 0.062 on as many patients');
  });
});

describe('temperature', () => {
  test("is SciPy's minimiser of the log loss", () => {
    expect(fitTemperature(logits, truth, 3)).toMatchObject({ value: expect.closeTo(reference.temperature, 6), n: 60 });
  });

  test('scales with the logits, and leaves the predicted class as it is', () => {
    const t = defined(fitTemperature(logits, truth, 3).value);
    expect(
      defined(
        fitTemperature(
          logits.map((z) => 0.01 * z),
          truth,
          3,
        ).value,
      ) / t,
    ).toBeCloseTo(0.01, 12);
    expect(logLoss(softmaxRows(logits, 3, t), truth, 3).value).toBeLessThan(reference.logLoss);
  });

  test('has the profile-likelihood interval that R gives, and applies where that excludes 1', () => {
    const { temperature } = JSON.parse(readFileSync(new URL('./reference/intervals.json', import.meta.url), 'utf8'));
    const twoClasses = temperature.d.flatMap((d: number) => [0, d]);
    const fitted = fitTemperature(twoClasses, temperature.label, 2);
    expect(fitted).toMatchObject({
      value: expect.closeTo(temperature.value, 6),
      low: expect.closeTo(temperature.interval[0], 8),
      high: expect.closeTo(temperature.interval[1], 8),
    });
    expect(temperatureApplies(fitted)).toBe(true);
    const milder = fitTemperature(
      twoClasses.map((d: number) => d / 2),
      temperature.label,
      2,
    );
    expect(milder.value).toBeCloseTo(temperature.value / 2, 6);
    expect(temperatureApplies(milder)).toBe(false); // 0.68 to 2.25
    expect(temperatureApplies({ name: 'temperature', value: 2, estimator: '', ties: '', n: 9 })).toBe(true); // of before
    expect(temperatureApplies({ name: 'temperature', value: null, reason: 'none' })).toBe(false);
  });

  test('that the patients hardly tell has no upper limit below 100', () => {
    expect(fitTemperature([0, 1, 0, 1, 0, 1], [1, 1, 0], 2)).toMatchObject({ high: 100 });
  });

  test('refused where the likelihood has no maximum', () => {
    expect(fitTemperature([2, 1, 0, 3], [0, 1], 2)).toMatchObject({
      value: null,
      reason: 'the highest logit is right for each of the 2 patients: no temperature is low enough',
    });
    expect(fitTemperature([2, 1, 0, 3], [1, 0], 2)).toMatchObject({
      value: null,
      reason: expect.stringMatching(/no temperature is high enough$/),
    });
    expect(fitTemperature([1, 1, 2, 2], [1, 0], 2).value).toBeNull();
  });
});

test('class weights are undone: the logits of a weighted fit give back the frequencies of the classes', () => {
  // Without features, the weighted cross entropy of 60, 30, 10 patients is least at softmax(logits) ∝ w·frequency.
  const frequencies = [0.6, 0.3, 0.1];
  const weights = [1, 2, 6];
  const fitted = frequencies.map((f, c) => Math.log(weights[c] * f) + 5);
  [...softmaxRows(removeClassWeights(fitted, weights), 3)].forEach((p, c) => expect(p).toBeCloseTo(frequencies[c], 14));
  expect(() => removeClassWeights([1, 2], [1, 0])).toThrow('the weight of class 1 is 0, it must be above 0');
});

test('softmax of large logits stays finite', () => {
  expect([...softmaxRows([1000, 1000, -1000, 0], 2)]).toEqual([0.5, 0.5, 0, 1]);
});
