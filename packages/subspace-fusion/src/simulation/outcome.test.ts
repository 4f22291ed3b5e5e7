import { describe, expect, it } from 'vitest';
import { drawLatents, type Latents } from './latents.js';
import { CENSORED_FRACTION, drawSurvival, linearPredictor, longestFollowUp } from './outcome.js';
import { coefficientsOf, REGIMES } from './regimes.js';

const latents: Latents = {
  programmes: Float64Array.of(2, 3, 5, 7, 11, 13),
  purityScore: 0,
  h: 17,
  phi: 19,
  rim: 23,
  core: 29,
  hiddenGuide: -1,
  site: 0,
};

describe('the linear predictor', () => {
  const c = { a: 1, b: 10, c: 100, d: 1000, e: 1e5, f: 1e7, separation: 1, guidance: 1 };

  it('is a·t₁ + b·m₁ + c·φ + d·t₂·h + e·t₃·m₃ + f·R', () => {
    expect(linearPredictor(c, latents)).toBe(2 + 70 + 1900 + 1000 * 3 * 17 + 1e5 * 5 * 13 + 1e7 * 23);
  });

  it('reads R in the core where t₂ is negative, or where a hidden guide says so', () => {
    const onlyR = { ...c, a: 0, b: 0, c: 0, d: 0, e: 0, f: 1 };
    expect(linearPredictor(onlyR, latents)).toBe(23);
    expect(linearPredictor(onlyR, { ...latents, programmes: Float64Array.of(2, -3, 5, 7, 11, 13) })).toBe(29);
    expect(linearPredictor({ ...onlyR, guidance: 0 }, latents)).toBe(29);
  });
});

describe('regimes', () => {
  it.each([
    ['subspaces', ['separation']],
    ['attention', ['f']],
    ['consistency', ['guidance']],
    ['coordination', ['b']],
    ['mixed', ['a', 'b', 'c', 'd', 'e', 'f']],
  ] as const)('the twin of %s sets %s to zero and nothing else', (regime, zeroed) => {
    const [own, twin] = [coefficientsOf(regime, false), coefficientsOf(regime, true)];
    const different = (Object.keys(own) as (keyof typeof own)[]).filter((name) => own[name] !== twin[name]);
    expect(different).toEqual(zeroed);
    for (const name of different) expect(twin[name]).toBe(0);
  });

  it.each(REGIMES.flatMap((regime) => [false, true].map((twin) => [regime, twin] as const)))(
    '%s (twin: %s) censors two thirds of patients it was not calibrated on',
    (regime, twin) => {
      const coefficients = coefficientsOf(regime, twin);
      const followUp = longestFollowUp(coefficients);
      const patients = 10_000;
      let censored = 0;
      for (let i = 0; i < patients; i++) {
        const { event } = drawSurvival(1, i, linearPredictor(coefficients, drawLatents(1, i)), followUp);
        if (!event) censored++;
      }
      expect(Math.abs(censored / patients - CENSORED_FRACTION)).toBeLessThan(0.02);
    },
  );
});
