import { maxOf } from '../files/lists.js';
import type { Value } from 'onnx-autodiff';
import type { Metric } from '../metrics/bootstrap.js';
import { classificationMetrics } from '../metrics/classification.js';
import { concordance, concordanceIndex } from '../metrics/concordance.js';
import {
  classLossOf,
  crossEntropy,
  crossEntropyTarget,
  hazards,
  riskOf,
  survivalLikelihood,
  survivalLossOf,
  survivalTargets,
  type SurvivalLabel,
} from './losses.js';

/** Classes of the samples of a batch, and how much each class weighs in the loss. */
export interface ClassLabels {
  readonly kind: 'classes';
  readonly labels: readonly number[];
  readonly weights: readonly number[];
}

/** Follow-up of the samples of a batch. */
export interface SurvivalLabels {
  readonly kind: 'survival';
  readonly labels: readonly (SurvivalLabel & { readonly time: number })[];
}

/** What the samples of a batch are to be told apart by. */
export type BatchLabels = ClassLabels | SurvivalLabels;

/** The task loss of logits `[B, C]`; the graph reads the shares that {@link OutcomeRules.lossInputs} gives. */
export const TASK_LOSS: Readonly<Record<BatchLabels['kind'], (logits: Value) => Value>> = {
  classes: (logits) => crossEntropy(logits).loss,
  survival: (logits) => survivalLikelihood(hazards(logits)),
};

/** What a task does with its labels: all in which classes and survival differ. */
export interface OutcomeRules {
  /** The loss's inputs for the whole batch, `[B, C]` each: they carry every sample's share of the mean. */
  lossInputs(classes: number): Record<string, Float32Array>;
  /** The task loss of predictions, probabilities or hazards `[B, C]`. */
  lossOf(outputs: readonly number[]): number;
  /** The metric that epochs are selected by: macro AUC, or the concordance index. `[B, C]` as {@link lossOf}. */
  mainMetric(outputs: readonly number[]): Metric;
  /** How sure these logits `[B, C]` are of the batch; null where that cannot be said. docs/method.md section 4. */
  confidence(logits: Float32Array): number | null;
}

export function rulesOf(labels: BatchLabels): OutcomeRules {
  return labels.kind === 'classes' ? rulesOfClasses(labels) : rulesOfSurvival(labels);
}

function rulesOfClasses({ labels, weights }: ClassLabels): OutcomeRules {
  const C = weights.length;
  return {
    lossInputs: () => ({ target: crossEntropyTarget(labels, weights) }),
    lossOf(probabilities) {
      // As training weighs them, p·w over their sum, so that the loss is that of training.
      const weighted = labels.flatMap((_, b) => {
        const p = probabilities.slice(b * C, (b + 1) * C);
        const total = p.reduce((sum, x, c) => sum + x * weights[c], 0);
        return p.map((x, c) => (x * weights[c]) / total);
      });
      return classLossOf(weighted, labels, weights);
    },
    mainMetric(probabilities) {
      const macroAuc = classificationMetrics(probabilities, labels, C).find(({ name }) => name === 'macroAuc');
      if (!macroAuc) throw new Error('a task with classes has a macro AUC');
      return macroAuc;
    },
    /** Σ_b softmax(logits_b)[y_b] */
    confidence: (logits) =>
      labels.reduce((total, y, b) => {
        const row = logits.subarray(b * C, (b + 1) * C);
        const top = maxOf(row);
        const mass = row.reduce((t, x) => t + Math.exp(x - top), 0);
        return total + Math.exp(row[y] - top) / mass;
      }, 0),
  };
}

function rulesOfSurvival({ labels }: SurvivalLabels): OutcomeRules {
  const times = labels.map(({ time }) => time);
  const events = labels.map(({ censored }) => !censored);
  return {
    lossInputs: (classes) => survivalTargets(labels, classes),
    lossOf: (lambda) => survivalLossOf(lambda, labels, lambda.length / labels.length),
    mainMetric: (lambda) => concordanceIndex(times, events, riskOf(lambda, lambda.length / labels.length)),
    /** The concordance index of the risks; null where no pair is comparable. */
    confidence(logits) {
      const lambda = logits.map((x) => 1 / (1 + Math.exp(-x)));
      return concordance(times, events, riskOf(lambda, logits.length / labels.length)).index;
    },
  };
}
