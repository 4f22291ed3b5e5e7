import type { Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { openBackend } from '../inference/backend.js';
import { createPredictor, predictPatients, type Prediction } from '../inference/predictor.js';
import { riskCut } from '../metrics/index.js';
import type { Parameters } from '../model/parameters.js';
import type { Model } from '../runs/model.js';
import { readCheckpoint, readEpochs, readModel, readRunConfig, readRunSplit } from '../runs/run-folder.js';
import { ridgeBaseline, type PatientSamples } from './baselines.js';
import { byName, nameAllClasses, type EvaluatedPatient, type Result } from './result.js';
import { compareGroups, evaluatedPatient, scorePredictions } from './score.js';

/** A run's selected model, and how it came about. */
export interface SelectedModel {
  readonly config: Config;
  readonly model: Model;
  readonly split: Split;
  readonly parameters: Parameters;
  readonly selection: Result['selection'];
}

/** Reads a run's selected model. @throws InputError where the run folder is not complete. */
export async function readSelectedModel(run: string): Promise<SelectedModel> {
  const config = await readRunConfig(run);
  const model = await readModel(run);
  const split = await readRunSplit(run);
  const { parameters, epoch } = await readCheckpoint(run, model);
  const selected = (await readEpochs(run)).find((record) => record.epoch === epoch);
  return {
    config,
    model,
    split,
    parameters,
    selection: { epoch, metric: selected?.validation.metric ?? 'none', value: selected?.validation.value ?? null },
  };
}

/** Predictions of groups of patients, one list a group. */
export async function predictGroups(
  { config, model, parameters }: SelectedModel,
  groups: readonly PatientSamples[],
  onPatient?: (done: number, of: number) => void,
): Promise<Prediction[][]> {
  const total = groups.reduce((n, { patients }) => n + patients.length, 0);
  const backend = await openBackend({ provider: config.provider, threads: config.training.threads });
  const predictor = await createPredictor(model, parameters, backend);
  const predictions: Prediction[][] = [];
  try {
    for (const { samples, patients } of groups) {
      const before = predictions.flat().length;
      predictions.push(
        await predictPatients(predictor, samples, patients, model.outcome.kind === 'survival', (done) =>
          onPatient?.(before + done, total),
        ),
      );
    }
  } finally {
    await predictor.dispose();
    await backend.close();
  }
  return predictions;
}

/** What a model reaches on some patients. */
export type Scores = Pick<Result, 'patients' | 'metrics' | 'baselines' | 'riskGroups' | 'patientsWithSeveralSlides'>;

/**
 * Scores a model on patients, with 95 % intervals.
 * @param training The patients that it was trained on: they give the cut between low and high risk and fit the baselines. Without them there is neither.
 */
export async function scoreModel(
  selected: SelectedModel,
  scored: PatientSamples,
  training: PatientSamples | undefined,
  onPatient?: (done: number, of: number) => void,
): Promise<{ scores: Scores; predictions: EvaluatedPatient[] }> {
  const survival = selected.model.outcome.kind === 'survival';
  const others = survival && training && training.patients !== scored.patients ? training : undefined;
  const [predictions, onTraining] = await predictGroups(selected, others ? [scored, others] : [scored], onPatient);
  const cut = survival && training ? riskCut((onTraining ?? predictions).map(({ risk }) => risk!)) : undefined;
  return describeScores(selected, scored, training, predictions, cut);
}

export function describeScores(
  { config, model }: SelectedModel,
  scored: PatientSamples,
  training: PatientSamples | undefined,
  predictions: readonly Prediction[],
  cut: number | undefined,
): { scores: Scores; predictions: EvaluatedPatient[] } {
  const { seed } = config.training;
  const labels = scored.samples.labels(scored.patients);
  const classes = model.outcome.kind === 'classes' ? model.outcome.classes : [];
  const baselines = training ? Object.entries(ridgeBaseline(training, scored, seed)) : [];
  const scores: Scores = {
    patients: predictions.length,
    metrics: nameAllClasses(byName(scorePredictions(predictions, labels, seed)), classes),
    baselines: Object.fromEntries(baselines.map(([name, metrics]) => [name, nameAllClasses(metrics, classes)])),
    ...(cut === undefined ? {} : { riskGroups: compareGroups(predictions, labels, cut) }),
    patientsWithSeveralSlides: scored.patients.filter((id) => scored.samples.patients.get(id)!.bags.length > 1).length,
  };
  return { scores, predictions: predictions.map((p, i) => evaluatedPatient(p, labels, i, model, cut)) };
}
