import { describe, expect, it } from 'vitest';
import { defined } from '../testing/defined.js';
import { computeCeilings, designAccepted, fractionOfCeiling, type CohortCeilings } from './ceilings.js';
import { geneModel } from './genes.js';
import { drawLatents } from './latents.js';
import { linearPredictor, longestFollowUp } from './outcome.js';
import { coefficientsOf, REGIMES, type Regime } from './regimes.js';

function ceilingsOf(regime: Regime, twin = false): CohortCeilings {
  const coefficients = coefficientsOf(regime, twin);
  const followUp = longestFollowUp(coefficients);
  return computeCeilings({
    seed: 1,
    coefficients,
    genes: geneModel(1, coefficients.separation),
    patients: 600,
    population: 600,
    followUp,
  });
}

const ceilings = new Map(REGIMES.map((regime) => [regime, ceilingsOf(regime)]));

describe.each(REGIMES)('ceilings of %s', (regime) => {
  const { population, expectations, design, ridge } = defined(ceilings.get(regime));

  it('grow with what an observer sees', () => {
    expect(population.trueEta).toBeGreaterThan(population.both);
    expect(population.both).toBeGreaterThan(population.genes);
    expect(population.both).toBeGreaterThan(population.inPlace);
    expect(population.inPlace).toBeGreaterThan(population.anyOrder);
    expect(population.trueEta).toBeLessThan(0.9);
  });

  it('accept the design', () => {
    expect(design).toEqual({ accepted: true, reasons: [] });
    expect(ridge).toBeGreaterThan(0.6);
    expect(ridge).toBeLessThan(population.both);
  });

  it('are those of conditional expectations: η regressed on any of them has slope 1', () => {
    const eta = expectations.map((_, i) => linearPredictor(coefficientsOf(regime, false), drawLatents(1, i)));
    for (const observer of ['genes', 'anyOrder', 'inPlace', 'both'] as const) {
      const expected = expectations.map((e) => e[observer]);
      const mean = expected.reduce((a, b) => a + b) / expected.length;
      const variance = expected.reduce((sum, e) => sum + (e - mean) ** 2, 0);
      const slope = expected.reduce((sum, e, i) => sum + (e - mean) * eta[i], 0) / variance;
      const residuals = eta.reduce((sum, value, i) => sum + (value - expected[i]) ** 2, 0) / eta.length;
      expect(Math.abs(slope - 1)).toBeLessThan(4 * Math.sqrt(residuals / variance));
    }
  });
});

describe('twins', () => {
  it('of mixed leave nothing to predict, and are rejected', () => {
    const { population, design } = ceilingsOf('mixed', true);
    for (const score of Object.values(population)) expect(score).toBe(0.5);
    expect(design.accepted).toBe(false);
  });

  it('of attention gain less from the order of the patches', () => {
    const gain = ({ population }: CohortCeilings) => population.both - Math.max(population.genes, population.anyOrder);
    expect(gain(defined(ceilings.get('attention')))).toBeGreaterThan(gain(ceilingsOf('attention', true)));
  });
});

describe('designAccepted', () => {
  const scores = { trueEta: 0.8, genes: 0.7, anyOrder: 0.6, inPlace: 0.7, both: 0.78 };

  it('wants 0.05 from fusion and less than 95 % of the ceiling from ridge', () => {
    expect(designAccepted(scores, 0.72).accepted).toBe(true);
    expect(designAccepted({ ...scores, inPlace: 0.74 }, 0.72).reasons).toEqual([expect.stringContaining('gain 0.040')]);
    expect(designAccepted(scores, 0.77).reasons).toEqual([expect.stringContaining('reaches 96 %')]);
  });

  it('counts from 0.5', () => {
    expect(fractionOfCeiling(0.65, 0.8)).toBeCloseTo(0.5, 12);
    expect(fractionOfCeiling(0.5, 0.8)).toBe(0);
  });
});
