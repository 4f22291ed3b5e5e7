import { describe, expect, it } from 'vitest';
import { coxRisk, fitCox } from './cox.js';

// Twelve patients, deaths tied with deaths and with censored times.
const time = [5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18];
const event = [1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1];
const marker = [1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2];
const arm = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
const age = [52, 61, 47, 39, 70, 33, 58, 55, 49, 41, 66, 44];
const table = (...columns: number[][]) => Float32Array.from(time.flatMap((_, i) => columns.map((column) => column[i])));

describe('fitCox', () => {
  // coxph of R's survival 3.5-3 on the same table.
  it.each([
    {
      ties: 'efron' as const,
      coefficients: [-0.34929536663539, -2.45637754846462, 0.29531806586344],
      standardErrors: [1.79220828464109, 2.66872346584383, 0.24792863755994],
      logLikelihoods: [-15.738719253613, -9.095072169592],
    },
    {
      ties: 'breslow' as const,
      coefficients: [-0.26797704053069, -2.43940662786726, 0.28831344633318],
      standardErrors: [1.77741786543376, 2.67245693713382, 0.24723673315277],
      logLikelihoods: [-15.8565022892689, -9.2743254319044],
    },
  ])('agrees with R, $ties ties', ({ ties, coefficients, standardErrors, logLikelihoods }) => {
    const model = fitCox({ x: table(marker, arm, age), time, event, ties });
    coefficients.forEach((value, j) => expect(model.coefficients[j]).toBeCloseTo(value, 6));
    standardErrors.forEach((value, j) => expect(model.standardErrors[j]).toBeCloseTo(value, 6));
    expect(model.logLikelihoodNull).toBeCloseTo(logLikelihoods[0], 6);
    expect(model.logLikelihood).toBeCloseTo(logLikelihoods[1], 6);
  });

  it('gives a constant column no coefficient and an infinite standard error', () => {
    const model = fitCox({
      x: table(
        age,
        time.map(() => 0.1),
      ),
      time,
      event,
    });
    const alone = fitCox({ x: table(age), time, event });
    expect(model.coefficients[0]).toBeCloseTo(alone.coefficients[0], 12);
    expect(model.coefficients[1]).toBe(0);
    expect(model.standardErrors[1]).toBe(Infinity);
  });

  it('still ranks where one column separates those who die first', () => {
    const order = [1, 2, 3, 4, 5, 6];
    const x = Float32Array.of(1, 1, 1, 0, 0, 0);
    const model = fitCox({ x, time: order, event: [1, 1, 1, 0, 0, 0] });
    expect(model.coefficients[0]).toBeGreaterThan(10);
    expect(model.standardErrors[0]).toBeGreaterThan(model.coefficients[0]);
    expect(coxRisk(model, Float32Array.of(0, 1))).toEqual(Float64Array.of(0, model.coefficients[0]));
  });

  it('refuses what has no answer', () => {
    expect(() => fitCox({ x: table(age), time, event: event.map(() => 0) })).toThrow('at least one death');
    expect(() =>
      fitCox({
        x: table(
          arm,
          arm.map((a) => 1 - a),
        ),
        time,
        event,
      }),
    ).toThrow('determined by the others');
    expect(() =>
      fitCox({
        x: table(
          age,
          marker.map((m, i) => (i === 3 ? NaN : m)),
        ),
        time,
        event,
      }),
    ).toThrow('row 3, column 1 is NaN');
    expect(() => fitCox({ x: new Float32Array(13), time, event })).toThrow('13 values for 12 patients');
  });
});
