import type { Split } from '../cohort/index.js';
import { fitRidgeCox, ridgeCoxRisk } from '../model/baselines/ridge-cox.js';
import { fitRidgeLogistic, ridgeLogisticProbabilities } from '../model/baselines/ridge-logistic.js';
import type { BatchLabels } from '../training/batch.js';
import type { CohortSamples } from '../training/samples.js';
import { byName, type NamedMetrics } from './result.js';
import { scoreProbabilities, scoreRisks } from './score.js';

/**
 * Ridge regression on the genes of both subspaces, fitted on the patients that the network trained on: ridge Cox for
 * survival, ridge logistic regression for classes. Its penalty is chosen by cross-validation inside them.
 */
export function ridgeBaseline(samples: CohortSamples, split: Split, scored: readonly string[], seed: number): Record<string, NamedMetrics> {
  const x = designMatrix(samples, split.train);
  const xScored = designMatrix(samples, scored);
  const training = samples.labels(split.train);
  const labels = samples.labels(scored);
  if (training.kind === 'survival') {
    const model = fitRidgeCox({ x, ...timesAndEvents(training), seed });
    return { ridgeCox: byName(scoreRisks(ridgeCoxRisk(model, xScored), labels as typeof training, seed)) };
  }
  const model = fitRidgeLogistic({ x, labels: training.labels, classes: training.weights.length, seed });
  const probabilities = ridgeLogisticProbabilities(model, xScored);
  return { ridgeLogistic: byName(scoreProbabilities(probabilities, labels as typeof training, seed)) };
}

function timesAndEvents({ labels }: BatchLabels & { kind: 'survival' }) {
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
