import { describe, expect, it } from 'vitest';
import { drawLatents, PROGRAMME_CORRELATION, PROGRAMMES, type Latents } from './latents.js';

const N = 20_000;
const patients = Array.from({ length: N }, (_, i) => drawLatents(3, i));
const meanOf = (value: (latents: Latents) => number) => patients.reduce((sum, latents) => sum + value(latents), 0) / N;

describe('latents', () => {
  it('have the stated correlations: 0.3, and none between t₃ and m₃', () => {
    for (let i = 0; i < PROGRAMMES; i++) {
      expect(meanOf((l) => l.programmes[i])).toBeCloseTo(0, 1);
      for (let j = 0; j <= i; j++) {
        const expected = i === j ? 1 : i === 5 && j === 2 ? 0 : 0.3;
        expect(PROGRAMME_CORRELATION[i][j]).toBe(expected);
        expect(Math.abs(meanOf((l) => l.programmes[i] * l.programmes[j]) - expected)).toBeLessThan(0.045);
      }
    }
  });

  it('leave h, φ and the marker densities independent of the programmes, with variance 1', () => {
    for (const value of [(l: Latents) => l.h, (l: Latents) => l.phi, (l: Latents) => l.rim, (l: Latents) => l.core]) {
      expect(Math.abs(meanOf((l) => value(l) ** 2) - 1)).toBeLessThan(0.045);
      for (let i = 0; i < PROGRAMMES; i++)
        expect(Math.abs(meanOf((l) => value(l) * l.programmes[i]))).toBeLessThan(0.03);
    }
  });

  it('are a function of seed and patient alone', () => {
    expect(drawLatents(3, 7)).toEqual(patients[7]);
    expect(drawLatents(4, 7)).not.toEqual(patients[7]);
  });
});
