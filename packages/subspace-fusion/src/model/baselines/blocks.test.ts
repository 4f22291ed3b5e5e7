import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { key, normal } from '../../random/counter.js';
import { chooseDesign } from './blocks.js';
import { learnStandardisation, standardise, stratifiedFolds } from './design.js';
import { fitRidgeCox } from './ridge-cox.js';
import { fitRidgeLogistic } from './ridge-logistic.js';
import { reduceDesign } from './ridge.js';

/** The cohort of reference/two-blocks.py: a block of four columns, and one of three. */
const [n, p, firstBlock, seed] = [30, 7, 4, 2];
const x = Float32Array.from({ length: n * p }, (_, k) => {
  const [i, j] = [Math.floor(k / p), k % p];
  return Math.sin((i + 1) * (j + 2) * 0.7 + j);
});
const patients = Array.from({ length: n }, (_, i) => i);
const time = patients.map((i) => Math.exp(x[i * p + 5] - 1.2 * x[i * p] + Math.sin(3.1 * i ** 2)));
const event = patients.map((i) => Number(i % 4 !== 3));
const labels = patients.map((i) => {
  const value = x[i * p] - 2 * x[i * p + 5] + Math.sin(2.3 * i ** 2);
  return value < -0.8 ? 0 : value < 0.8 ? 1 : 2;
});

/** Of the three classes. */
const SCIPY = [
  {
    coefficients: [-0.7437189, -0.3852607, -0.231717, 0.5313355, -0.09683387, 0.6884763, 0.01073776],
    intercept: 0.1848147,
  },
  {
    coefficients: [0.2783647, 0.1023764, 0.3277989, -1.039208, -0.007709641, 0.1316711, -0.0109574],
    intercept: -0.4541553,
  },
  {
    coefficients: [0.4653541, 0.2828843, -0.09608192, 0.5078728, 0.1045435, -0.8201474, 0.0002196221],
    intercept: 0.2693403,
  },
];

describe('ridge with a penalty for each of two blocks', () => {
  it('is fitted on the folds that the reference knows', () => {
    const folds = readFileSync(new URL('reference/two-blocks-folds.txt', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    expect([
      stratifiedFolds(event, 5, key(seed, 'ridge-cox')).join(''),
      stratifiedFolds(labels, 3, key(seed, 'ridge-logistic')).join(''),
    ]).toEqual(folds);
  });

  it('of survival chooses the penalties, and has the coefficients, that SciPy finds by trying every pair', () => {
    const model = fitRidgeCox({ x, time, event, seed, firstBlock });
    expect(model.factors[0] ** 2).toBeCloseTo(0.5, 12);
    expect(model.factors[p - 1] ** 2).toBeCloseTo((0.5 * 4) / 3, 12);
    expect(model.lambda).toBeCloseTo(0.09599825389805532, 12);
    [0.896993, 0.074187, 0.086672, 0.199661, 0.117177, -0.854475, -0.13899].forEach((value, j) => {
      expect(model.coefficients[j]).toBeCloseTo(value, 5);
    });
  });

  it('of classes does too', () => {
    const model = fitRidgeLogistic({ x, labels, classes: 3, seed, firstBlock });
    expect(model.factors[0] ** 2).toBeCloseTo(0.75, 12);
    expect(model.factors[p - 1] ** 2).toBeCloseTo((0.25 * 4) / 3, 12);
    expect(model.lambda).toBeCloseTo(0.02851005439814029, 12);
    SCIPY.forEach(({ coefficients, intercept }, c) => {
      expect(model.intercepts[c]).toBeCloseTo(intercept, 5);
      coefficients.forEach((value, j) => {
        expect(model.coefficients[c * p + j]).toBeCloseTo(value, 5);
      });
    });
  });
});

/** More columns than patients, of which the fit is on inner products: 30 patients, 50 and 20 columns. */
function wide(signal: (own: (j: number) => number) => number) {
  const columns = Float32Array.from({ length: n * 70 }, (_, k) => normal(key(4, 'blocks'), k));
  return {
    x: columns,
    time: patients.map((i) => Math.exp(-signal((j) => columns[i * 70 + j]))),
    event: patients.map(() => 1),
    seed: 1,
  };
}

describe('of more columns than patients', () => {
  it('the first of the shares is ridge on the first block alone, to the bit, and the first wins a tie', () => {
    const { x: both, ...rest } = wide((own) => own(0) + own(1) + own(2));
    const standardised = standardise(both, learnStandardisation(both, n));
    const genes = Float32Array.from({ length: n * 50 }, (_, k) => both[Math.floor(k / 50) * 70 + (k % 50)]);
    const alone = reduceDesign(standardise(genes, learnStandardisation(genes, n)));
    const { reduced, factors } = chooseDesign(standardised, 50, 0, () => ({ penalty: 1, loss: 3 }));
    expect(reduced.design).toEqual(alone.design);
    expect([...factors]).toEqual([...new Array<number>(50).fill(1), ...new Array<number>(20).fill(0)]);
    const one = fitRidgeCox({ x: genes, ...rest });
    expect(fitRidgeCox({ x: genes, ...rest, firstBlock: 50 })).toEqual(one);
  });

  it('the block that says something gets the weaker penalty, whichever it is', () => {
    const ofFirst = fitRidgeCox({ ...wide((own) => 2 * own(0) + 2 * own(1)), firstBlock: 50 });
    const ofSecond = fitRidgeCox({ ...wide((own) => 2 * own(50) + 2 * own(51)), firstBlock: 50 });
    expect(ofFirst.factors[0]).toBeGreaterThan(ofFirst.factors[50]);
    expect(ofSecond.factors[50]).toBeGreaterThan(ofSecond.factors[0]);
  });
});
