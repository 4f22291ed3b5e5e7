import { InputError } from '../../files/errors.js';
import { selectRows, type Matrix } from '../../metrics/linear-algebra.js';
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

/** A fitted Cox model of standardised columns; `coefficients: [p]` are per standard deviation. */
export interface RidgeCoxModel extends Standardisation {
  readonly coefficients: Float64Array;
  /** The chosen penalty λ; of two blocks that of the columns scaled by `factors`, so that a column's own is λ/f². */
  readonly lambda: number;
  /** Factor of each standardised column that λ is of, `[p]`: 1 where there is one block. */
  readonly factors: Float64Array;
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
 * @param firstBlock columns of the first of two blocks that have a penalty each (`chooseDesign`); all by default
 * @throws InputError with fewer than two deaths, or values that are not finite
 */
export function fitRidgeCox(options: {
  x: Float32Array;
  time: ArrayLike<number>;
  event: ArrayLike<number | boolean>;
  seed: number;
  folds?: number;
  alpha?: number;
  firstBlock?: number | undefined;
}): RidgeCoxModel {
  const { x, time, event, seed, folds = 5, alpha = 0, firstBlock } = options;
  const n = time.length;
  const standardisation = learnStandardisation(x, n);
  const standardised = standardise(x, standardisation);
  const minimise = alpha > 0 ? minimiseElasticNet(alpha) : minimiseRidge;
  const everyone = riskSets(time, event);
  if (everyone.event.reduce((sum, death) => sum + death, 0) < 2) {
    throw new InputError('ridge Cox needs at least two deaths among the training patients');
  }

  const problemOf = (design: Matrix, rows?: readonly number[]): PenalisedProblem => {
    const sets = rows ? riskSets(time, event, rows) : everyone;
    return {
      design: rows ? selectRows(design, rows) : design,
      outputs: 1,
      unpenalised: new Uint8Array(design.columns),
      loss: (eta) => partialLikelihood(sets, 'breslow', eta),
    };
  };
  const slopes = partialLikelihood(everyone, 'breslow', new Float64Array(n)).gradient;
  const fold = stratifiedFolds(everyone.event, folds, key(seed, 'ridge-cox'));
  const { reduced, lambda, factors } = chooseDesign(standardised, firstBlock, alpha, ({ design, original }) =>
    choosePenalty({
      design,
      path: penaltyPath(original, slopes, PENALTIES, alpha),
      fold,
      folds,
      problemOf: (rows) => problemOf(design, rows),
      minimise,
      heldOutLoss: (eta, training) => {
        const etaOfTraining = Float64Array.from(training, (i) => eta[i]);
        const ofTraining = partialLikelihood(riskSets(time, event, training), 'breslow', etaOfTraining);
        return partialLikelihood(everyone, 'breslow', eta).value - ofTraining.value;
      },
    }),
  );
  const { design } = reduced;
  const theta = minimise(problemOf(design), lambda, new Float64Array(design.columns));
  const coefficients = originalCoefficients(reduced, theta).map((b, j) => b * factors[j]);
  return { ...standardisation, lambda, factors, coefficients };
}

/** The linear predictor of each patient, `[n]`: larger is worse. `x: [n, p]`, row-major, raw as in the fit. */
export function ridgeCoxRisk(model: RidgeCoxModel, x: Float32Array): Float64Array {
  return linearPredictor(standardise(x, model), 1, model.coefficients);
}

/** How deaths at the same time share their risk set. Efron is the better approximation; Breslow is what glmnet uses. */
export type Ties = 'efron' | 'breslow';

/** Patients in order of time, cut into groups of one distinct time `t_k`; the risk set of group k is everyone from it on. */
export interface RiskSets {
  /** Patient indices by ascending time, `[n]`. */
  readonly order: Uint32Array;
  /** Where group k starts in `order`, and n at the end: `[groups + 1]`. */
  readonly starts: Uint32Array;
  /** 1 death, 0 censored, by patient index, `[n]`. */
  readonly event: Uint8Array;
  /** Number of deaths in group k, `[groups]`. */
  readonly deaths: Uint32Array;
}

/**
 * Prepares the risk sets of a Cox model. Who is censored at a death's time still counts as at risk then.
 * @param time follow-up, any unit, `[n]`
 * @param event true or 1 for a death, `[n]`
 * @param rows the patients to take part; all by default. Their positions in `rows` become the patient indices.
 */
export function riskSets(
  time: ArrayLike<number>,
  event: ArrayLike<number | boolean>,
  rows?: ArrayLike<number>,
): RiskSets {
  const patients = rows ?? Array.from({ length: time.length }, (_, i) => i);
  const times = Float64Array.from(patients, (row) => time[row]);
  const events = Uint8Array.from(patients, (row) => (event[row] ? 1 : 0));
  const order = Uint32Array.from(times.keys()).sort((a, b) => times[a] - times[b]);
  const starts: number[] = [];
  order.forEach((patient, position) => {
    if (position === 0 || times[patient] !== times[order[position - 1]]) starts.push(position);
  });
  starts.push(order.length);
  const sets = { order, starts: Uint32Array.from(starts), event: events };
  return { ...sets, deaths: Uint32Array.from(sumOverDeaths(sets, new Float64Array(order.length).fill(1))) };
}

type Groups = Pick<RiskSets, 'order' | 'starts' | 'event'>;

/** Per group, `Σ a_i` over its risk set: everyone whose time is `t_k` or later. */
function sumAtRisk({ order, starts }: Groups, a: Float64Array): Float64Array {
  const sums = new Float64Array(starts.length - 1);
  let sum = 0;
  for (let k = sums.length - 1; k >= 0; k--) {
    for (let position = starts[k]; position < starts[k + 1]; position++) sum += a[order[position]];
    sums[k] = sum;
  }
  return sums;
}

/** Per group, `Σ a_i` over those who die at `t_k`. */
function sumOverDeaths({ order, starts, event }: Groups, a: Float64Array): Float64Array {
  const sums = new Float64Array(starts.length - 1);
  for (let k = 0; k < sums.length; k++) {
    for (let position = starts[k]; position < starts[k + 1]; position++) {
      const patient = order[position];
      if (event[patient]) sums[k] += a[patient];
    }
  }
  return sums;
}

/** The transpose of the two sums: per patient, `Σ_{k: t_k ≤ t_i} atRisk_k`, less `ofDeaths` of the own group for a death. */
function toPatients({ order, starts, event }: Groups, atRisk: Float64Array, ofDeaths: Float64Array): Float64Array {
  const out = new Float64Array(order.length);
  let sum = 0;
  for (let k = 0; k < atRisk.length; k++) {
    sum += atRisk[k];
    for (let position = starts[k]; position < starts[k + 1]; position++) {
      const patient = order[position];
      out[patient] = sum - (event[patient] ? ofDeaths[k] : 0);
    }
  }
  return out;
}

/**
 * The negative log partial likelihood of Cox's model as a function of the linear predictor η, `[n]`:
 *
 * `−ℓ(η) = −Σ_deaths η_i + Σ_k Σ_{l<d_k} log φ_kl`, `φ_kl = Σ_{R_k} e^η − f_l·Σ_{D_k} e^η`,
 *
 * with `R_k` at risk and `D_k` the d_k deaths at `t_k`; `f_l = l/d_k` after Efron (1977), 0 after Breslow (1974).
 */
export function partialLikelihood(sets: RiskSets, ties: Ties, eta: Float64Array): Loss {
  const { deaths, event } = sets;
  // A shift of η changes nothing, and keeps the exponentials finite.
  const shift = eta.reduce((largest, value) => Math.max(largest, value), -Infinity);
  const hazard = eta.map((value) => Math.exp(value - shift));
  const hazardAtRisk = sumAtRisk(sets, hazard);
  const hazardOfDeaths = sumOverDeaths(sets, hazard);
  const fraction = (k: number, l: number) => (ties === 'efron' ? l / deaths[k] : 0);
  const phi = (k: number, l: number) => hazardAtRisk[k] - fraction(k, l) * hazardOfDeaths[k];

  let value = 0;
  for (let i = 0; i < eta.length; i++) if (event[i]) value -= eta[i] - shift;
  const inverse = new Float64Array(deaths.length); // Σ_l 1/φ_kl
  const inverseOfDeaths = new Float64Array(deaths.length); // Σ_l f_l/φ_kl
  for (let k = 0; k < deaths.length; k++) {
    for (let l = 0; l < deaths[k]; l++) {
      value += Math.log(phi(k, l));
      inverse[k] += 1 / phi(k, l);
      inverseOfDeaths[k] += fraction(k, l) / phi(k, l);
    }
  }
  // e^η_i times the cumulative baseline hazard: the deaths expected of patient i by the end of its follow-up.
  const expected = toPatients(sets, inverse, inverseOfDeaths).map((cumulative, i) => cumulative * hazard[i]);

  return {
    value,
    gradient: expected.map((e, i) => e - event[i]),
    /** `diag(expected)·v − e^η ∘ Σ_kl m_kl·(m_klᵀ(e^η ∘ v))/φ_kl²`, with m_kl the weights of the patients in φ_kl. */
    hessianTimes(v) {
      const weighted = v.map((value, i) => value * hazard[i]);
      const atRisk = sumAtRisk(sets, weighted);
      const ofDeaths = sumOverDeaths(sets, weighted);
      const mean = new Float64Array(deaths.length);
      const meanOfDeaths = new Float64Array(deaths.length);
      for (let k = 0; k < deaths.length; k++) {
        for (let l = 0; l < deaths[k]; l++) {
          const term = (atRisk[k] - fraction(k, l) * ofDeaths[k]) / phi(k, l) ** 2;
          mean[k] += term;
          meanOfDeaths[k] += fraction(k, l) * term;
        }
      }
      return toPatients(sets, mean, meanOfDeaths).map((sum, i) => expected[i] * v[i] - hazard[i] * sum);
    },
  };
}
