import { describe, expect, it } from 'vitest';
import { breslowSurvival, coxRisk, fitCox } from './cox.js';

// Twelve patients, deaths tied with deaths and with censored times.
const time = [5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18];
const event = [1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1];
const x = Float32Array.from([1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2]);
const model = fitCox({ x, time, event });
const eta = coxRisk(model, x);

describe('survival by the baseline hazard', () => {
  it('agrees with R (reference/baseline-survival.R)', () => {
    const baseline = breslowSurvival(eta, time, event);
    const scored = coxRisk(model, Float32Array.from([0, 1, -2]));
    const expected = [
      [1, 1, 1, 1],
      [5, 0.925332781407788, 0.60860669937481, 0.998106693645238],
      [8, 0.782344055215446, 0.207893202503745, 0.994023578576636],
      [13, 0.625181064690618, 0.0495014553463903, 0.988594736757681],
      [18, 0.150366529031302, 5.42620996095297e-6, 0.95478448626991],
    ] as const;
    for (const [t, ...survival] of expected)
      survival.forEach((s, i) => expect(baseline.at(scored[i], t)).toBeCloseTo(s, 7));
    expect(baseline.until).toBe(18);
  });

  it('does not depend on where the linear predictor has its zero', () => {
    const shifted = eta.map((value) => value + 800);
    expect(breslowSurvival(shifted, time, event).at(800.5, 12)).toBeCloseTo(
      breslowSurvival(eta, time, event).at(0.5, 12),
      10,
    );
  });
});
