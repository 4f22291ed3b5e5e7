import type { Config, Split } from '../cohort/index.js';
import { openBackend } from '../inference/backend.js';
import type { BatchLabels } from '../inference/batch.js';
import { createPredictor, predictPatients, type Prediction } from '../inference/predictor.js';
import {
  classificationMetrics,
  concordanceIndex,
  logRank,
  riskCut,
  riskGroups,
  survivalCurve,
  takeRows,
  withIntervals,
  type Metric,
} from '../metrics/index.js';
import type { Parameters } from '../model/parameters.js';
import type { Model } from '../runs/model.js';
import { readCheckpoint, readEpochs, readModel, readRunConfig, readRunSplit } from '../runs/run-folder.js';
import { ridgeBaseline, type PatientSamples } from './baselines.js';
import { byName, nameAllClasses, type Result } from './result.js';

/** Metrics of predictions with 95 % bootstrap intervals by patient. The draws depend on `seed` and the number of patients alone. */
export function scorePredictions(predictions: readonly Prediction[], labels: BatchLabels, seed: number): Metric[] {
  if (labels.kind === 'survival')
    return scoreRisks(
      predictions.map(({ risk }) => risk!),
      labels,
      seed,
    );
  const outputs = Float64Array.from(predictions.flatMap((p) => p.outputs));
  return scoreProbabilities(outputs, labels, seed);
}

/** Concordance index of risks (higher is worse). */
export function scoreRisks(
  risks: ArrayLike<number>,
  { labels }: BatchLabels & { kind: 'survival' },
  seed: number,
): Metric[] {
  const time = Float64Array.from(labels, (l) => l.time);
  const event = Float64Array.from(labels, (l) => Number(!l.censored));
  const score = (rows: Uint32Array) => [
    concordanceIndex(takeRows(time, rows), takeRows(event, rows), takeRows(risks, rows)),
  ];
  return withIntervals(score, labels.length, seed);
}

/** Classification metrics of probabilities `[n, C]`. */
export function scoreProbabilities(
  probabilities: ArrayLike<number>,
  { labels, weights }: BatchLabels & { kind: 'classes' },
  seed: number,
): Metric[] {
  const C = weights.length;
  const score = (rows: Uint32Array) =>
    classificationMetrics(takeRows(probabilities, rows, C), takeRows(labels, rows), C);
  return withIntervals(score, labels.length, seed);
}

/** One patient's prediction beside what happened; `predictions.json` is a list of them. */
export type EvaluatedPatient = Prediction &
  (
    | {
        readonly label: number;
        readonly className: string;
        /** Probabilities at the temperature of the validation patients, `[C]`; absent where none was fitted. */
        readonly calibrated?: readonly number[];
        /** Classes that are not ruled out, class by class, and with one threshold for all; absent where no patients were set aside. */
        readonly set?: readonly string[];
        readonly marginalSet?: readonly string[];
      }
    | {
        readonly time: number;
        readonly event: boolean;
        /** By the median risk of the training patients; absent where they could not be read. */
        readonly group?: 'low' | 'high';
        readonly survival: readonly number[];
      }
  ) & {
    /** Inputs that lie out of the range of the training patients; absent where that range is not known. */
    readonly unlikeTraining?: readonly ('genes' | 'features')[];
  };

/** A run's selected model, and how it came about. */
export interface SelectedModel {
  readonly config: Config;
  readonly model: Model;
  readonly split: Split;
  readonly parameters: Parameters;
  readonly selection: Result['selection'];
}

/** Reads a run's selected model. @throws UserError where the run folder is not complete. */
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

function compareGroups(
  predictions: readonly Prediction[],
  labels: BatchLabels,
  cut: number,
): NonNullable<Result['riskGroups']> {
  if (labels.kind !== 'survival') throw new TypeError('risk groups are for survival');
  const group = riskGroups(
    predictions.map(({ risk }) => risk!),
    cut,
  );
  const { chiSquare, pValue } = logRank(
    labels.labels.map(({ time }) => time),
    labels.labels.map(({ censored }) => !censored),
    group,
  );
  const high = group.reduce((n, g) => n + g, 0);
  return { cut, low: group.length - high, high, logRank: byName([chiSquare, pValue]) };
}

function evaluatedPatient(
  p: Prediction,
  labels: BatchLabels,
  i: number,
  { outcome }: Model,
  cut: number | undefined,
): EvaluatedPatient {
  if (labels.kind === 'survival' && outcome.kind === 'survival') {
    const { time, censored } = labels.labels[i];
    const group =
      cut === undefined ? {} : { group: riskGroups([p.risk!], cut)[0] === 1 ? ('high' as const) : ('low' as const) };
    return {
      ...p,
      time,
      event: !censored,
      ...group,
      survival: survivalCurve(p.outputs, outcome.cuts).survival.slice(1),
    };
  }
  if (labels.kind === 'classes' && outcome.kind === 'classes') {
    const label = labels.labels[i];
    return { ...p, label, className: outcome.classes[label] };
  }
  throw new TypeError('the labels are not of the task of the model');
}
