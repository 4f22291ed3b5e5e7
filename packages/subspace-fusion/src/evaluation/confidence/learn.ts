import { join } from 'node:path';
import type { BatchLabels } from '../../inference/batch.js';
import type { Prediction } from '../../inference/predictor.js';
import type { CohortSamples } from '../../inference/samples.js';
import type { Confidence, ConfidenceResult } from '../../runs/confidence.js';
import { RUN_FILES, writeJson } from '../../runs/run-folder.js';
import { predictGroups, type SelectedModel } from '../score-model.js';
import { learnClassConfidence, survivalCalibration, type ScoredClasses, type ScoredSurvival } from './outcomes.js';
import { learnTrainingRange, type MeanPatches } from './training-range.js';

/** What is learned of a model's confidence, and what it predicts for the validation patients. */
export interface Learned {
  readonly confidence: Confidence;
  readonly onValidation: readonly Prediction[];
}

/**
 * Learns how far a run's selected model can be trusted. Classes: temperature and operating points from the validation patients,
 * prediction sets from the conformal part. Survival: calibration of its curves. Both: the range of the training patients' inputs.
 * @param samples complete patients, read through `means`
 */
export async function learnConfidence(
  selected: SelectedModel,
  samples: CohortSamples,
  means: MeanPatches,
): Promise<Learned> {
  const { run, model, split } = selected;
  const { outcome } = model;
  const parts = [split.validation, split.conformal ?? []];
  const [onValidation = [], onConformal = []] = await predictGroups(
    selected,
    parts.map((patients) => ({ samples, patients })),
  );
  const range = await learnTrainingRange(model, samples, means, split.train);
  const common = { format: 1, checkpoint: await run.checkpointHash(), range } as const;
  if (outcome.kind === 'classes') {
    const scored = (predictions: readonly Prediction[]) =>
      scoredClasses(predictions, samples.labels(predictions.map(({ patient }) => patient)));
    const conformal = split.conformal && scored(onConformal);
    return {
      onValidation,
      confidence: { ...common, classes: learnClassConfidence(outcome.classes, scored(onValidation), conformal) },
    };
  }
  const on = split.conformal ? 'conformal' : 'validation';
  const predictions = split.conformal ? onConformal : onValidation;
  const scored = scoredSurvival(predictions, samples.labels(predictions.map(({ patient }) => patient)));
  return { onValidation, confidence: { ...common, survival: { on, ...survivalCalibration(scored, outcome) } } };
}

function scoredClasses(predictions: readonly Prediction[], labels: BatchLabels): ScoredClasses {
  if (labels.kind !== 'classes') throw new TypeError('the labels are not classes');
  return { outputs: predictions.map(({ outputs }) => outputs), labels: labels.labels };
}

function scoredSurvival(predictions: readonly Prediction[], labels: BatchLabels): ScoredSurvival {
  if (labels.kind !== 'survival') throw new TypeError('the labels are not survival');
  return {
    outputs: predictions.map(({ outputs }) => outputs),
    time: labels.labels.map(({ time }) => time),
    event: labels.labels.map(({ censored }) => !censored),
  };
}

/** Writes `confidence.json`: what was learned, and what the test patients showed of it. */
export async function writeConfidence(run: string, confidence: Confidence, test: ConfidenceResult): Promise<void> {
  await writeJson(join(run, RUN_FILES.confidence), { ...confidence, test });
}
