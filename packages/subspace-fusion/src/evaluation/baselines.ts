import type { BatchLabels } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { removeClassWeights, softmaxRows } from '../metrics/class-calibration.js';
import { breslowSurvival } from '../model/baselines/cox.js';
import { fitRidgeCox, ridgeCoxRisk } from '../model/baselines/ridge-cox.js';
import { fitRidgeLogistic, ridgeLogisticProbabilities } from '../model/baselines/ridge-logistic.js';
import type { NamedMetrics } from '../runs/values.js';
import { byName, scoreProbabilities, scoreRisks } from './score.js';

/** The name of the ridge model of a kind of task, in results. */
export const RIDGE = { survival: 'ridgeCox', classes: 'ridgeLogistic' } as const;

/** Patients of a cohort as a model reads them. */
export interface PatientSamples {
  readonly samples: CohortSamples;
  readonly patients: readonly string[];
}

/** A simple model beside the network: what it says of the scored patients, and how good that is. */
export interface Baseline {
  readonly name: (typeof RIDGE)[keyof typeof RIDGE];
  /** Risks `[n]` or probabilities `[n, C]`. */
  readonly scores: ArrayLike<number>;
  readonly metrics: NamedMetrics;
}

/**
 * Ridge regression on the genes of both subspaces, fitted on the patients that the network trained on: ridge Cox for
 * survival, ridge logistic regression for classes. Its penalty is chosen by cross-validation inside them.
 */
export function ridgeBaseline(training: PatientSamples, scored: PatientSamples, seed: number): Baseline {
  const columns = ({ samples, patients }: PatientSamples) => designMatrix(patients.map((id) => genesOf(samples, id)));
  const [scores] = ridgeScores(
    columns(training),
    training.samples.labels(training.patients),
    columns(scored),
    seed,
  ).runs;
  const labels = scored.samples.labels(scored.patients);
  const metrics =
    labels.kind === 'survival' ? scoreRisks(scores, labels, seed) : scoreProbabilities(scores, labels, seed);
  return { name: RIDGE[labels.kind], scores, metrics: byName(metrics) };
}

/** How the coefficients of a simple model are penalised. */
export interface PenaltyForm {
  /** Share of lasso: an elastic net where above 0; 0 by default. */
  readonly alpha?: number;
  /** Columns of the first of two blocks, each with a penalty of its own. */
  readonly firstBlock?: number;
}

/** What ridge regression on the columns `x` of the training patients says of those to be scored. */
export function ridgeScores(
  x: Float32Array,
  training: BatchLabels,
  xScored: Float32Array,
  seed: number,
  penalty: PenaltyForm = {},
): ScoredRuns {
  if (training.kind === 'classes') return { runs: [logisticScores(x, training, xScored, seed, penalty)] };
  const cox = fitRidgeCox({ x, ...timesAndEvents(training), seed, ...penalty });
  return coxScores(ridgeCoxRisk(cox, x), training, ridgeCoxRisk(cox, xScored));
}

/** Risks of a Cox model, and the survival that follows from those of its training patients. */
export function coxScores(
  trainingRisks: Float64Array,
  training: BatchLabels & { kind: 'survival' },
  risks: Float64Array,
): ScoredRuns {
  const { time, event } = timesAndEvents(training);
  const baseline = breslowSurvival(trainingRisks, time, event);
  return { runs: [risks], survival: [{ until: baseline.until, at: (row, t) => baseline.at(risks[row], t) }] };
}

/**
 * Class probabilities `[n, C]` of a ridge logistic regression on the columns `x` of the training patients. The fit weighs all classes
 * alike, so its probabilities are carried back to the classes' own frequencies, as those of the network are.
 */
export function logisticScores(
  x: Float32Array,
  { labels, weights }: BatchLabels & { kind: 'classes' },
  xScored: Float32Array,
  seed: number,
  penalty: PenaltyForm = {},
): Float64Array {
  const C = weights.length;
  const model = fitRidgeLogistic({ x, labels, classes: C, seed, ...penalty });
  const probabilities = ridgeLogisticProbabilities(model, xScored);
  return softmaxRows(removeClassWeights(probabilities.map(Math.log), weights), C);
}

export function timesAndEvents({ labels }: BatchLabels & { kind: 'survival' }): { time: number[]; event: boolean[] } {
  return { time: labels.map((l) => l.time), event: labels.map((l) => !l.censored) };
}

/** Scaled genes of both subspaces of a patient. */
export function genesOf(samples: CohortSamples, id: string): Float32Array[] {
  const { tumour, microenvironment } = samples.genes(id);
  return [tumour, microenvironment];
}

/** The arrays of each patient side by side, `[patients, columns]`. */
export function designMatrix(patients: readonly (readonly Float32Array[])[]): Float32Array {
  const width = patients[0].reduce((n, part) => n + part.length, 0);
  const x = new Float32Array(patients.length * width);
  patients.forEach((parts, i) => {
    let at = i * width;
    for (const part of parts) {
      x.set(part, at);
      at += part.length;
    }
  });
  return x;
}

/** A run's probabilities to be alive, of the test patients by their row. */
export interface SurvivalPrediction {
  /** Nothing is said of later times. */
  readonly until: number;
  /** Probability of the patient of this row to be alive at `time` ≤ until. */
  at(row: number, time: number): number;
}

export interface ScoredRuns {
  readonly runs: readonly ArrayLike<number>[];
  /** One a run; absent where the model gives risks alone. */
  readonly survival?: readonly SurvivalPrediction[];
}
