import type { Split } from '../cohort/index.js';
import { fitRidgeCox, ridgeCoxRisk } from '../model/baselines/ridge-cox.js';
import { fitRidgeLogistic, ridgeLogisticProbabilities } from '../model/baselines/ridge-logistic.js';
import type { BatchLabels } from '../training/batch.js';
import type { CohortSamples } from '../training/samples.js';
import { byName, type NamedMetrics } from './result.js';
import { scoreProbabilities, scoreRisks } from './score.js';

/** The name of the ridge model of a kind of task, in results. */
export const RIDGE = { survival: 'ridgeCox', classes: 'ridgeLogistic' } as const;

/**
 * Ridge regression on the genes of both subspaces, fitted on the patients that the network trained on: ridge Cox for
 * survival, ridge logistic regression for classes. Its penalty is chosen by cross-validation inside them.
 */
export function ridgeBaseline(samples: CohortSamples, split: Split, scored: readonly string[], seed: number): Record<string, NamedMetrics> {
  const scores = ridgeScores(samples, split.train, scored, seed);
  const labels = samples.labels(scored);
  const metrics = labels.kind === 'survival' ? scoreRisks(scores, labels, seed) : scoreProbabilities(scores, labels, seed);
  return { [RIDGE[labels.kind]]: byName(metrics) };
}

/** What {@link ridgeBaseline} says of the patients to be scored: risks `[n]`, or class probabilities `[n, C]`. */
export function ridgeScores(samples: CohortSamples, train: readonly string[], scored: readonly string[], seed: number): Float64Array {
  const x = designMatrix(samples, train);
  const xScored = designMatrix(samples, scored);
  const training = samples.labels(train);
  if (training.kind === 'survival') return ridgeCoxRisk(fitRidgeCox({ x, ...timesAndEvents(training), seed }), xScored);
  return logisticScores(x, training, xScored, seed);
}

/** Class probabilities `[n, C]` of a ridge logistic regression on the columns `x` of the training patients. */
export function logisticScores(x: Float32Array, { labels, weights }: BatchLabels & { kind: 'classes' }, xScored: Float32Array, seed: number): Float64Array {
  return ridgeLogisticProbabilities(fitRidgeLogistic({ x, labels, classes: weights.length, seed }), xScored);
}

export function timesAndEvents({ labels }: BatchLabels & { kind: 'survival' }): { time: number[]; event: boolean[] } {
  return { time: labels.map((l) => l.time), event: labels.map((l) => !l.censored) };
}

/** Scaled genes of both subspaces side by side, `[patients, genes]`. */
function designMatrix(samples: CohortSamples, patients: readonly string[]): Float32Array {
  const rows = patients.map((id) => samples.genes(id));
  const width = rows[0]!.tumour.length + rows[0]!.microenvironment.length;
  const x = new Float32Array(patients.length * width);
  rows.forEach(({ tumour, microenvironment }, i) => {
    x.set(tumour, i * width);
    x.set(microenvironment, i * width + tumour.length);
  });
  return x;
}
