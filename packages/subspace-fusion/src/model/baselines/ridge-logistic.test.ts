import { describe, expect, it } from 'vitest';
import { key, normal } from '../../random/counter.js';
import { learnStandardisation, standardise } from './design.js';
import { fitRidgeLogistic, multinomialLoss, ridgeLogisticProbabilities } from './ridge-logistic.js';
import { minimiseRidge } from './ridge.js';

/** Three classes of sizes 1 : 2 : 3 whose means differ in the first two of p columns. */
function simulate(n: number, p: number) {
  const stream = key(11, 'ridge-logistic', n, p);
  const labels = Uint8Array.from({ length: n }, (_, i) => [0, 1, 1, 2, 2, 2][i % 6]);
  const x = Float32Array.from({ length: n * p }, (_, index) => {
    const label = labels[Math.floor(index / p)];
    const mean = index % p === 0 ? label : index % p === 1 ? Number(label === 1) : 0;
    return normal(stream, index) + mean;
  });
  return { x, labels, classes: 3, seed: 1 };
}

const weightsOf = (labels: ArrayLike<number>, classes: number) =>
  Float64Array.from(
    labels,
    (label) => labels.length / (classes * Array.from(labels).filter((other) => other === label).length),
  );

describe('fitRidgeLogistic', () => {
  it('agrees with an optimiser of R at a given penalty', () => {
    const marker = [1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2];
    const arm = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
    const age = [52, 61, 47, 39, 70, 33, 58, 55, 49, 41, 66, 44];
    const labels = [0, 1, 1, 2, 0, 2, 1, 0, 1, 1, 1, 2];
    const x = Float32Array.from(labels.flatMap((_, i) => [marker[i], arm[i], age[i]]));
    const columns = standardise(x, learnStandardisation(x, 12));
    const values = Float64Array.from({ length: 48 }, (_, i) =>
      i % 4 === 3 ? 1 : columns.values[Math.floor(i / 4) * 3 + (i % 4)],
    );
    const loss = (eta: Float64Array) => multinomialLoss(labels, weightsOf(labels, 3), 3, eta);
    const theta = minimiseRidge(
      { design: { rows: 12, columns: 4, values }, outputs: 3, unpenalised: Uint8Array.of(0, 0, 0, 1), loss },
      0.1,
      new Float64Array(12),
    );
    // optim (BFGS) of R 4.2.2 on the objective written out in full; balanced weights, intercepts last.
    const fromR = [
      [0.9890942, -0.3608275, 0.4194247, -0.3126792],
      [-0.4919689, 0.3662918, 0.4493901, 0.4908916],
      [-0.4971254, -0.0054642, -0.8688148, -0.1782136],
    ];
    fromR.flat().forEach((value, i) => expect(theta[i]).toBeCloseTo(value, 5));
  });

  it.each([
    [90, 6],
    [48, 130],
  ])('is at the minimum of its objective with %i patients and %i columns', (n, p) => {
    const cohort = simulate(n, p);
    const model = fitRidgeLogistic(cohort);
    const probabilities = ridgeLogisticProbabilities(model, cohort.x);
    const weights = weightsOf(cohort.labels, 3);
    const z = standardise(cohort.x, model).values;
    for (let c = 0; c < 3; c++) {
      const residual = weights.map((w, i) => w * (probabilities[i * 3 + c] - Number(cohort.labels[i] === c)));
      expect(Math.abs(residual.reduce((sum, r) => sum + r, 0) / n)).toBeLessThan(1e-5);
      for (let j = 0; j < p; j++) {
        const slope =
          residual.reduce((sum, r, i) => sum + r * z[i * p + j], 0) / n + model.lambda * model.coefficients[c * p + j];
        expect(Math.abs(slope)).toBeLessThan(1e-5);
      }
    }
  });

  it('gives probabilities, and the larger classes no advantage when balanced', () => {
    const cohort = simulate(240, 4);
    const meanOfSmallest = (balanced: boolean) => {
      const probabilities = ridgeLogisticProbabilities(fitRidgeLogistic({ ...cohort, balanced }), cohort.x);
      for (let i = 0; i < 240; i++)
        expect(probabilities[3 * i] + probabilities[3 * i + 1] + probabilities[3 * i + 2]).toBeCloseTo(1, 12);
      return probabilities.reduce((sum, value, index) => sum + (index % 3 === 0 ? value : 0), 0) / 240;
    };
    // With free intercepts the mean probability of a class is its share of the weights: exactly 1/6 unweighted.
    expect(meanOfSmallest(false)).toBeCloseTo(1 / 6, 5);
    expect(meanOfSmallest(true)).toBeGreaterThan(0.22);
  });

  it('copes with a class of one patient, which some training parts of the cross-validation lack', () => {
    const cohort = simulate(60, 4);
    const labels = cohort.labels.map((label, i) => (i === 7 ? 3 : label));
    const probabilities = ridgeLogisticProbabilities(fitRidgeLogistic({ ...cohort, labels, classes: 4 }), cohort.x);
    expect(probabilities.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('refuses a class that no training patient has', () => {
    const cohort = simulate(24, 4);
    expect(() => fitRidgeLogistic({ ...cohort, classes: 4 })).toThrow('no training patient has class 3');
  });
});
