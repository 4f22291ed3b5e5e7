import { describe, expect, it } from 'vitest';
import { key, normal, uniform } from '../../random/counter.js';
import { learnStandardisation, standardise } from './design.js';
import { fitRidgeCox, partialLikelihood, ridgeCoxRisk, riskSets } from './ridge-cox.js';
import { minimiseRidge, originalCoefficients, reduceDesign } from './ridge.js';

/** Survival that depends on the first three of p columns with the given strength; a third of the patients is censored. */
function simulate(n: number, p: number, strength: number) {
  const stream = key(7, 'ridge-cox', n, p);
  const x = Float32Array.from({ length: n * p }, (_, i) => normal(stream, i));
  const time = Float64Array.from({ length: n }, (_, i) => {
    const risk = strength * (x[i * p] - x[i * p + 1] + x[i * p + 2]);
    return Math.ceil(20 * -Math.log(1 - uniform(stream, n * p + i)) * Math.exp(-risk));
  });
  const event = Uint8Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : 1));
  return { x, time, event, seed: 1 };
}

/** The largest slope of the penalised objective `−ℓ/n + λ/2·‖β‖²` in a coefficient: 0 at its minimum. */
function largestSlope({ x, time, event }: ReturnType<typeof simulate>, model: ReturnType<typeof fitRidgeCox>): number {
  const n = time.length;
  const p = x.length / n;
  const z = standardise(x, model).values;
  const { gradient } = partialLikelihood(riskSets(time, event), 'breslow', ridgeCoxRisk(model, x));
  const slopes = model.coefficients.map(
    (b, j) => gradient.reduce((sum, g, i) => sum + g * z[i * p + j], 0) / n + model.lambda * b,
  );
  return Math.max(...slopes.map(Math.abs));
}

describe('fitRidgeCox', () => {
  it('agrees with the ridge term of R at a given penalty', () => {
    const time = [5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18];
    const event = [1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1];
    const marker = [1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2];
    const arm = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
    const age = [52, 61, 47, 39, 70, 33, 58, 55, 49, 41, 66, 44];
    const x = Float32Array.from(time.flatMap((_, i) => [marker[i], arm[i], age[i]]));
    const design = standardise(x, learnStandardisation(x, 12));
    const sets = riskSets(time, event);
    const loss = (eta: Float64Array) => partialLikelihood(sets, 'breslow', eta);
    const problem = { design, outputs: 1, unpenalised: new Uint8Array(3), loss };
    // coxph(Surv(time, event) ~ ridge(z, theta = 12 * lambda, scale = FALSE), ties = "breslow"), survival 3.5-3.
    const fromR = [
      { lambda: 0.05, coefficients: [0.79636719721743, -0.23480018870428, 1.10843573902569] },
      { lambda: 0.5, coefficients: [0.4808941384224393, 0.0070490024475602, 0.4803506923415016] },
    ];
    for (const { lambda, coefficients } of fromR) {
      const fitted = minimiseRidge(problem, lambda, new Float64Array(3));
      coefficients.forEach((value, j) => expect(fitted[j]).toBeCloseTo(value, 5));
    }
  });

  it.each([
    [60, 8],
    [50, 120],
  ])('is at the minimum of its objective with %i patients and %i columns', (n, p) => {
    const cohort = simulate(n, p, 0.8);
    const model = fitRidgeCox(cohort);
    expect(model.coefficients).toHaveLength(p);
    expect(largestSlope(cohort, model)).toBeLessThan(1e-5);
  });

  it('fits the same coefficients on patients (n < p) as on columns', () => {
    const { x, time, event } = simulate(30, 70, 0.8);
    const columns = standardise(x, learnStandardisation(x, 30));
    const reduced = reduceDesign(columns);
    expect(reduced.design.columns).toBeLessThan(30);
    const fit = (design: typeof columns) => {
      const loss = (eta: Float64Array) => partialLikelihood(riskSets(time, event), 'breslow', eta);
      const problem = { design, outputs: 1, unpenalised: new Uint8Array(design.columns), loss };
      return minimiseRidge(problem, 0.3, new Float64Array(design.columns));
    };
    const direct = fit(columns);
    originalCoefficients(reduced, fit(reduced.design)).forEach((value, j) => expect(value).toBeCloseTo(direct[j], 5));
  });

  it('finds the columns that matter, and shrinks everything where none does', () => {
    const strong = fitRidgeCox(simulate(200, 20, 0.8));
    const size = strong.coefficients.map(Math.abs);
    const bySize = Array.from(size.keys()).sort((a, b) => size[b] - size[a]);
    expect(bySize.slice(0, 3).sort()).toEqual([0, 1, 2]);
    expect([0, 1, 2].map((j) => Math.sign(strong.coefficients[j]))).toEqual([1, -1, 1]);
    const noise = fitRidgeCox(simulate(200, 20, 0));
    expect(noise.lambda).toBeGreaterThan(20 * strong.lambda);
  });

  it('is the same for the same seed, and gives a constant column a coefficient of zero', () => {
    const cohort = simulate(60, 8, 0.8);
    cohort.x.forEach((_, index) => {
      if (index % 8 === 5) cohort.x[index] = 0.1;
    });
    const model = fitRidgeCox(cohort);
    expect(fitRidgeCox(cohort)).toEqual(model);
    expect(model.coefficients[5]).toBe(0);
  });

  it('refuses a cohort with one death', () => {
    const cohort = simulate(20, 4, 0.8);
    expect(() => fitRidgeCox({ ...cohort, event: cohort.time.map((_, i) => (i === 0 ? 1 : 0)) })).toThrow(
      'at least two deaths',
    );
  });
});
