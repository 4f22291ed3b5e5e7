import { InputError } from '../../files/errors.js';
import { selectRows } from '../../metrics/linear-algebra.js';
import { key } from '../../random/counter.js';
import { learnStandardisation, standardise, stratifiedFolds, type Standardisation } from './design.js';
import { minimiseElasticNet } from './elastic-net.js';
import { partialLikelihood, riskSets } from './partial-likelihood.js';
import {
  choosePenalty,
  linearPredictor,
  minimiseRidge,
  originalCoefficients,
  penaltyPath,
  reduceDesign,
  type PenalisedProblem,
} from './ridge.js';

/** A fitted Cox model of standardised columns; `coefficients: [p]` are per standard deviation. */
export interface RidgeCoxModel extends Standardisation {
  readonly coefficients: Float64Array;
  /** The chosen penalty λ. */
  readonly lambda: number;
}

const PENALTIES = 30;

/**
 * Ridge-penalised Cox regression: minimises `−ℓ(β)/n + λ/2·‖β‖²`, ℓ Breslow's log partial likelihood of standardised
 * columns. λ has the smallest cross-validated partial-likelihood deviance of Verweij and van Houwelingen
 * (Statistics in Medicine 1993, as in glmnet): a fold counts `ℓ(all) − ℓ(training)` at the coefficients of its training part.
 * @param x columns of the training patients, `[n, p]`, row-major
 * @param time follow-up, any unit, `[n]`
 * @param event true or 1 for a death, `[n]`
 * @param seed of the folds' random stream; folds are stratified by event
 * @param alpha share of the penalty that is lasso: 0 is ridge, more is an elastic net with `λ·(α·|β|₁ + (1−α)/2·‖β‖²)`
 * @throws InputError with fewer than two deaths, or values that are not finite
 */
export function fitRidgeCox(options: {
  x: Float32Array;
  time: ArrayLike<number>;
  event: ArrayLike<number | boolean>;
  seed: number;
  folds?: number;
  alpha?: number;
}): RidgeCoxModel {
  const { x, time, event, seed, folds = 5, alpha = 0 } = options;
  const n = time.length;
  const standardisation = learnStandardisation(x, n);
  const standardised = standardise(x, standardisation);
  const reduced = reduceDesign(standardised, alpha);
  const minimise = alpha > 0 ? minimiseElasticNet(alpha) : minimiseRidge;
  const { design } = reduced;
  const everyone = riskSets(time, event);
  if (everyone.event.reduce((sum, death) => sum + death, 0) < 2) {
    throw new InputError('ridge Cox needs at least two deaths among the training patients');
  }

  const problemOf = (rows?: readonly number[]): PenalisedProblem => {
    const sets = rows ? riskSets(time, event, rows) : everyone;
    return {
      design: rows ? selectRows(design, rows) : design,
      outputs: 1,
      unpenalised: new Uint8Array(design.columns),
      loss: (eta) => partialLikelihood(sets, 'breslow', eta),
    };
  };
  const lambda = choosePenalty({
    design,
    path: penaltyPath(
      standardised,
      partialLikelihood(everyone, 'breslow', new Float64Array(n)).gradient,
      PENALTIES,
      alpha,
    ),
    fold: stratifiedFolds(everyone.event, folds, key(seed, 'ridge-cox')),
    folds,
    problemOf,
    minimise,
    heldOutLoss: (eta, training) => {
      const etaOfTraining = Float64Array.from(training, (i) => eta[i]);
      const ofTraining = partialLikelihood(riskSets(time, event, training), 'breslow', etaOfTraining);
      return partialLikelihood(everyone, 'breslow', eta).value - ofTraining.value;
    },
  });
  const theta = minimise(problemOf(), lambda, new Float64Array(design.columns));
  return { ...standardisation, lambda, coefficients: originalCoefficients(reduced, theta) };
}

/** The linear predictor of each patient, `[n]`: larger is worse. `x: [n, p]`, row-major, raw as in the fit. */
export function ridgeCoxRisk(model: RidgeCoxModel, x: Float32Array): Float64Array {
  return linearPredictor(standardise(x, model), 1, model.coefficients);
}
