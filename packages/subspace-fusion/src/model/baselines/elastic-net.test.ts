import { describe, expect, it } from 'vitest';
import { key, normal } from '../../random/counter.js';
import { learnStandardisation, standardise } from './design.js';
import { fitRidgeCox, partialLikelihood, ridgeCoxRisk, riskSets } from './ridge-cox.js';
import { fitRidgeLogistic, multinomialLoss } from './ridge-logistic.js';
import { minimiseElasticNet } from './ridge.js';

const time = [5, 8, 8, 12, 3, 20, 15, 8, 12, 30, 2, 18];
const event = [1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1];
const marker = [1.2, 0.3, -0.5, -1.1, 2.0, -0.7, 0.1, 0.9, 0.4, -1.5, 1.1, -0.2];
const arm = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
const age = [52, 61, 47, 39, 70, 33, 58, 55, 49, 41, 66, 44];
const kind = [0, 1, 2, 2, 0, 2, 1, 0, 1, 2, 0, 1];
const x = Float32Array.from(time.flatMap((_, i) => [marker[i], arm[i], age[i]]));
const design = standardise(x, learnStandardisation(x, 12));

// reference/elastic-net.R, glmnet 4.1-6.
const COX = [
  { lambda: 0.3, coefficients: [0.5051888812, 0, 0.5072423602] },
  { lambda: 0.1, coefficients: [0.8296060651, 0, 0.7385991217] },
];
const CLASSES = [
  { lambda: 0.3, coefficients: [0.49694578594, 0, 0.01575126607, 0, 0, 0, -0.39865683183, 0, -0.27588803926] },
  { lambda: 0.1, coefficients: [1.25719700513, 0, 0.09012736756, 0, 0, 0, -0.95903806324, 0, -0.65326201578] },
];

describe('minimiseElasticNet', () => {
  it.each(COX)('agrees with glmnet on a Cox model, λ = $lambda', ({ lambda, coefficients }) => {
    const loss = (eta: Float64Array) => partialLikelihood(riskSets(time, event), 'breslow', eta);
    const problem = { design, outputs: 1, unpenalised: new Uint8Array(3), loss };
    const fitted = minimiseElasticNet(0.5)(problem, lambda, new Float64Array(3));
    coefficients.forEach((value, j) => expect(fitted[j]).toBeCloseTo(value, 4));
  });

  it.each(CLASSES)('agrees with glmnet on three classes, λ = $lambda', ({ lambda, coefficients }) => {
    const values = Float64Array.from(kind.flatMap((_, i) => [...design.values.subarray(3 * i, 3 * i + 3), 1]));
    const loss = (eta: Float64Array) => multinomialLoss(kind, new Float64Array(12).fill(1), 3, eta);
    const problem = {
      design: { rows: 12, columns: 4, values },
      outputs: 3,
      unpenalised: Uint8Array.of(0, 0, 0, 1),
      loss,
    };
    const fitted = minimiseElasticNet(0.5)(problem, lambda, new Float64Array(12));
    coefficients.forEach((value, j) => expect(fitted[4 * Math.floor(j / 3) + (j % 3)]).toBeCloseTo(value, 4));
  });
});

describe('an elastic net', () => {
  it('keeps the columns that matter out of more columns than patients, and leaves most others out', () => {
    const [n, p] = [90, 150];
    const stream = key(3, 'elastic-net');
    const columns = Float32Array.from({ length: n * p }, (_, i) => normal(stream, i));
    const risk = Array.from({ length: n }, (_, i) => 1.5 * (columns[i * p] - columns[i * p + 1]));
    const model = fitRidgeCox({
      x: columns,
      time: risk.map((r, i) => Math.exp(-r + normal(stream, n * p + i))),
      event: new Uint8Array(n).fill(1),
      seed: 1,
      alpha: 0.5,
    });
    const kept = Array.from(model.coefficients.keys()).filter((j) => model.coefficients[j] !== 0);
    expect(kept).toEqual(expect.arrayContaining([0, 1]));
    expect(kept.length).toBeLessThan(70);
    expect([model.coefficients[0] > 0.3, model.coefficients[1] < -0.3]).toEqual([true, true]);
    expect(ridgeCoxRisk(model, columns)).toHaveLength(n);
  });

  it('of classes has zeros too', () => {
    const stream = key(4, 'elastic-net');
    const columns = Float32Array.from({ length: 60 * 20 }, (_, i) => normal(stream, i));
    const labels = Array.from({ length: 60 }, (_, i) => (columns[i * 20] > 0 ? 1 : 0));
    const { coefficients } = fitRidgeLogistic({ x: columns, labels, classes: 2, seed: 1, alpha: 0.5 });
    expect(coefficients[20]).toBeGreaterThan(0.3);
    expect(coefficients.filter((b) => b === 0).length).toBeGreaterThan(10);
  });
});
