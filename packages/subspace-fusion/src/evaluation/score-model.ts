import type { Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { required } from '../files/errors.js';
import { openBackend } from '../inference/backend.js';
import type { BatchLabels } from '../inference/batch.js';
import { createPredictor, predictPatients, type Prediction } from '../inference/predictor.js';
import { riskCut } from '../metrics/kaplan-meier.js';
import type { Parameters } from '../model/layers.js';
import type { Model } from '../runs/model.js';
import type { Run } from '../runs/open-run.js';
import type { EvaluatedPatient, Result } from '../runs/result.js';
import { openRunFolder } from '../runs/run-folder.js';
import { ridgeBaseline, type Baseline, type PatientSamples } from './baselines.js';
import {
  byName,
  compareGroups,
  evaluatedPatient,
  nameAllClasses,
  nameClasses,
  pairedDifference,
  risksOf,
  scorePredictions,
} from './score.js';

/** A run's selected model, and how it came about. */
export interface SelectedModel {
  readonly run: Run;
  readonly config: Config;
  readonly model: Model;
  readonly split: Split;
  readonly parameters: Parameters;
  readonly selection: Result['selection'];
}

/** Reads the selected model of a run folder. @throws InputError where the folder is not complete, or the checkpoint is another model's. */
export async function readSelectedModel(folder: string): Promise<SelectedModel> {
  const run = await openRunFolder(folder);
  const { parameters, epoch } = await run.checkpoint();
  const config = await run.config();
  const { select } = config.training;
  const selected = (await run.epochs()).find((record) => record.epoch === epoch);
  return {
    run,
    config,
    model: run.model,
    split: await run.split(),
    parameters,
    selection: {
      epoch,
      metric: selected?.validation.metric ?? 'none',
      value: selected?.validation.value ?? null,
      ...(select === 'metric' || !selected ? {} : { by: select }),
    },
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
export type Scores = Pick<
  Result,
  'patients' | 'metrics' | 'baselines' | 'difference' | 'riskGroups' | 'patientsWithSeveralSlides'
>;

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
  const groups = await predictGroups(selected, others ? [scored, others] : [scored], onPatient);
  const [predictions] = groups;
  const onTraining = others ? groups[1] : predictions;
  const cut = survival && training ? riskCut(risksOf(onTraining)) : undefined;
  return describeScores(selected, scored, training, predictions, cut);
}

function describeScores(
  { config, model }: SelectedModel,
  scored: PatientSamples,
  training: PatientSamples | undefined,
  predictions: readonly Prediction[],
  cut: number | undefined,
): { scores: Scores; predictions: EvaluatedPatient[] } {
  const { seed } = config.training;
  const labels = scored.samples.labels(scored.patients);
  const classes = model.outcome.kind === 'classes' ? model.outcome.classes : [];
  const baseline = training && ridgeBaseline(training, scored, seed);
  const scores: Scores = {
    patients: predictions.length,
    metrics: nameAllClasses(byName(scorePredictions(predictions, labels, seed)), classes),
    baselines: baseline ? { [baseline.name]: nameAllClasses(baseline.metrics, classes) } : {},
    ...(baseline ? { difference: differenceTo(baseline, predictions, labels, classes, seed) } : {}),
    ...(cut === undefined ? {} : { riskGroups: compareGroups(predictions, labels, cut) }),
    patientsWithSeveralSlides: scored.patients.filter((id) => required(scored.samples.patients, id).bags.length > 1)
      .length,
  };
  return { scores, predictions: predictions.map((p, i) => evaluatedPatient(p, labels, i, model, cut)) };
}

/** The model minus the simple one on the same patients. */
function differenceTo(
  { name, scores }: Baseline,
  predictions: readonly Prediction[],
  labels: BatchLabels,
  classes: readonly string[],
  seed: number,
): NonNullable<Result['difference']> {
  const own = labels.kind === 'survival' ? risksOf(predictions) : predictions.flatMap(({ outputs }) => outputs);
  return { to: name, of: nameClasses(pairedDifference(own, scores, labels, seed), classes) };
}
