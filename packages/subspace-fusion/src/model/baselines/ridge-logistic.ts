import { maxOf } from '../../files/lists.js';
import { InputError } from '../../files/errors.js';
import { dot, selectRows, type Matrix } from '../../metrics/linear-algebra.js';
import { key } from '../../random/counter.js';
import { chooseDesign } from './blocks.js';
import { learnStandardisation, standardise, stratifiedFolds, type Loss, type Standardisation } from './design.js';
import {
  choosePenalty,
  linearPredictor,
  minimiseElasticNet,
  minimiseRidge,
  originalCoefficients,
  penaltyPath,
  type PenalisedProblem,
} from './ridge.js';

/** A fitted multinomial model of standardised columns. */
export interface RidgeLogisticModel extends Standardisation {
  /** Per standard deviation, `[classes, p]`. */
  readonly coefficients: Float64Array;
  /** `[classes]`. */
  readonly intercepts: Float64Array;
  /** The chosen penalty λ; of two blocks that of the columns scaled by `factors`, so that a column's own is λ/f². */
  readonly lambda: number;
  /** Factor of each standardised column that λ is of, `[p]`: 1 where there is one block. */
  readonly factors: Float64Array;
}

const PENALTIES = 16;

/**
 * Multinomial logistic regression with a ridge penalty on standardised columns, intercepts free: minimises
 * `Σ_i w_i·(−log softmax(η_i)[y_i])/n + λ/2·‖β‖²`. λ has the smallest held-out loss in cross-validation.
 * @param x columns of the training patients, `[n, p]`, row-major
 * @param labels class of each patient, 0…classes−1, `[n]`
 * @param balanced weight every class alike, w = n / (classes · size of the class); otherwise every patient, w = 1
 * @param seed of the folds' random stream; folds are stratified by class
 * @param alpha share of the penalty that is lasso: 0 is ridge, more is an elastic net with `λ·(α·|β|₁ + (1−α)/2·‖β‖²)`
 * @param firstBlock columns of the first of two blocks that have a penalty each (`chooseDesign`); all by default
 * @throws InputError where a class has no training patient, or values are not finite
 */
export function fitRidgeLogistic(options: {
  x: Float32Array;
  labels: ArrayLike<number>;
  classes: number;
  seed: number;
  folds?: number;
  balanced?: boolean;
  alpha?: number;
  firstBlock?: number | undefined;
}): RidgeLogisticModel {
  const { x, labels, classes, seed, folds = 3, balanced = true, alpha = 0, firstBlock } = options;
  const n = labels.length;
  const standardisation = learnStandardisation(x, n);
  const standardised = standardise(x, standardisation);
  const minimise = alpha > 0 ? minimiseElasticNet(alpha) : minimiseRidge;
  const weights = patientWeights(labels, classes, balanced);

  const lossOf = (rows: ArrayLike<number>) => {
    const own = {
      labels: Uint8Array.from(rows, (i) => labels[i]),
      weights: Float64Array.from(rows, (i) => weights[i]),
    };
    return (eta: Float64Array) => multinomialLoss(own.labels, own.weights, classes, eta);
  };
  const problemOf = (design: Matrix, rows: readonly number[]): PenalisedProblem => ({
    design: selectRows(design, rows),
    outputs: classes,
    unpenalised: Uint8Array.from({ length: design.columns }, (_, j) => (j === design.columns - 1 ? 1 : 0)),
    loss: lossOf(rows),
  });
  const everyone = Array.from({ length: n }, (_, i) => i);
  const slopes = lossOf(everyone)(new Float64Array(n * classes)).gradient;
  const fold = stratifiedFolds(labels, folds, key(seed, 'ridge-logistic'));
  const { reduced, lambda, factors } = chooseDesign(standardised, firstBlock, alpha, (candidate) => {
    const design = withIntercept(candidate.design);
    return choosePenalty({
      design,
      path: penaltyPath(candidate.original, slopes, PENALTIES, alpha),
      fold,
      folds,
      problemOf: (rows) => problemOf(design, rows),
      minimise,
      heldOutLoss: (eta, _training, heldOut) => {
        const ofHeldOut = selectRows({ rows: n, columns: classes, values: eta }, heldOut);
        return lossOf(heldOut)(ofHeldOut.values).value;
      },
    });
  });

  const design = withIntercept(reduced.design);
  const theta = minimise(problemOf(design, everyone), lambda, new Float64Array(classes * design.columns));
  const p = standardised.columns;
  const coefficients = new Float64Array(classes * p);
  const intercepts = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    const own = theta.subarray(c * design.columns, (c + 1) * design.columns);
    coefficients.set(
      originalCoefficients(reduced, own.subarray(0, -1)).map((b, j) => b * factors[j]),
      c * p,
    );
    intercepts[c] = own[own.length - 1];
  }
  return { ...standardisation, lambda, factors, coefficients, intercepts };
}

/** Class probabilities, `[n, classes]`. `x: [n, p]`, row-major, raw as in the fit. */
export function ridgeLogisticProbabilities(model: RidgeLogisticModel, x: Float32Array): Float64Array {
  const classes = model.intercepts.length;
  const eta = linearPredictor(standardise(x, model), classes, model.coefficients);
  return softmaxRows(
    eta.map((value, i) => value + model.intercepts[i % classes]),
    classes,
  );
}

function withIntercept({ rows, columns, values }: Matrix): Matrix {
  const wider = new Float64Array(rows * (columns + 1)).fill(1);
  for (let i = 0; i < rows; i++) wider.set(values.subarray(i * columns, (i + 1) * columns), i * (columns + 1));
  return { rows, columns: columns + 1, values: wider };
}

function patientWeights(labels: ArrayLike<number>, classes: number, balanced: boolean): Float64Array {
  const n = labels.length;
  const sizes = new Float64Array(classes);
  for (let i = 0; i < n; i++) sizes[labels[i]] += 1;
  const empty = sizes.indexOf(0);
  if (empty >= 0) throw new InputError(`logistic regression: no training patient has class ${empty}`);
  return Float64Array.from(labels, (label) => (balanced ? n / (classes * sizes[label]) : 1));
}

/** `η: [n, classes]` to probabilities. */
function softmaxRows(eta: Float64Array, classes: number): Float64Array {
  const probabilities = new Float64Array(eta.length);
  for (let i = 0; i < eta.length; i += classes) {
    const row = eta.subarray(i, i + classes);
    const largest = maxOf(row);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    for (let c = 0; c < classes; c++) probabilities[i + c] = Math.exp(row[c] - largest) / sum;
  }
  return probabilities;
}

/** Weighted cross entropy `Σ_i w_i·(−log softmax(η_i)[y_i])` of η, `[n, classes]`. */
export function multinomialLoss(
  labels: ArrayLike<number>,
  weights: Float64Array,
  classes: number,
  eta: Float64Array,
): Loss {
  const p = softmaxRows(eta, classes);
  let value = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = eta.subarray(i * classes, (i + 1) * classes);
    const largest = maxOf(row);
    const logSum = largest + Math.log(row.reduce((sum, e) => sum + Math.exp(e - largest), 0));
    value += weights[i] * (logSum - row[labels[i]]);
  }
  return {
    value,
    /** `w·(p − y)` with y one-hot. */
    gradient: p.map((probability, index) => {
      const i = Math.floor(index / classes);
      return weights[i] * (probability - (labels[i] === index % classes ? 1 : 0));
    }),
    /** `w·p∘(v − p·v)`, patient by patient. */
    hessianTimes(v) {
      const image = new Float64Array(v.length);
      for (let i = 0; i < labels.length; i++) {
        const from = i * classes;
        const mean = dot(p, from, v, from, classes);
        for (let c = 0; c < classes; c++) image[from + c] = weights[i] * p[from + c] * (v[from + c] - mean);
      }
      return image;
    },
  };
}
