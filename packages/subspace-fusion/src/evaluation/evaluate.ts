import { join } from 'node:path';
import { counted, loadCohort, strataOf, type Cohort, type Config, type Problem, type Split } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { logRank, riskCut, riskGroups, survivalCurve } from '../metrics/index.js';
import { openBackend } from '../training/backend.js';
import type { BatchLabels } from '../training/batch.js';
import { createPredictor, predictPatients, type Prediction } from '../training/inference.js';
import { taskName, type Model } from '../training/model.js';
import { readCheckpoint, readEpochs, readModel, readRunConfig, readRunSplit, RUN_FILES, writeJson } from '../training/run-folder.js';
import { cohortSamples, type CohortSamples } from '../training/samples.js';
import { ridgeBaseline } from './baselines.js';
import { nameAllClasses } from './class-names.js';
import { byName, type Result } from './result.js';
import { scorePredictions } from './score.js';

/** One patient's prediction beside what happened; `predictions.json` is a list of them. */
export type EvaluatedPatient = Prediction &
  (
    | { readonly label: number; readonly className: string }
    | { readonly time: number; readonly event: boolean; readonly group: 'low' | 'high'; readonly survival: readonly number[] }
  );

export interface Evaluation {
  readonly result: Result;
  readonly predictions: readonly EvaluatedPatient[];
  readonly model: Model;
}

export interface EvaluateOptions {
  /** A part of the run's split. The test part is for the end: nothing may be chosen by it. */
  readonly split?: keyof Split;
  readonly onWarning?: (problem: Problem) => void;
  readonly onPatient?: (done: number, of: number) => void;
}

/**
 * Scores a run's selected model on a part of its split, beside ridge regression on the same genes, with 95 % intervals.
 * @throws UserError where the run folder is not complete or its cohort cannot be read.
 */
export async function evaluate(run: string, { split: part = 'test', onWarning, onPatient }: EvaluateOptions = {}): Promise<Evaluation> {
  const config = await readRunConfig(run);
  const model = await readModel(run);
  const split = await readRunSplit(run);
  const { parameters, epoch } = await readCheckpoint(run, model);
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  requirePatients(run, split, cohort, config);
  const samples = cohortSamples(cohort, model);
  const scored = split[part];
  const survival = model.outcome.kind === 'survival';

  const backend = await openBackend({ provider: config.provider, threads: config.training.threads });
  const predictor = await createPredictor(model, parameters, backend);
  let predictions: Prediction[];
  let cut: number | undefined;
  try {
    const training = survival && part !== 'train' ? split.train : [];
    const total = scored.length + training.length;
    predictions = await predictPatients(predictor, samples, scored, survival, (done) => onPatient?.(done, total));
    const onTraining = await predictPatients(predictor, samples, training, survival, (done) => onPatient?.(scored.length + done, total));
    if (survival) cut = riskCut((part === 'train' ? predictions : onTraining).map(({ risk }) => risk!));
  } finally {
    await predictor.dispose();
    await backend.close();
  }

  const { seed } = config.training;
  const labels = samples.labels(scored);
  const selected = (await readEpochs(run)).find((record) => record.epoch === epoch);
  const classes = model.outcome.kind === 'classes' ? model.outcome.classes : [];
  const baselines = Object.entries(ridgeBaseline(samples, split, scored, seed));
  const result: Result = {
    task: taskName(model.task),
    split: part,
    patients: scored.length,
    metrics: nameAllClasses(byName(scorePredictions(predictions, labels, seed)), classes),
    baselines: Object.fromEntries(baselines.map(([name, metrics]) => [name, nameAllClasses(metrics, classes)])),
    selection: { epoch, metric: selected?.validation.metric ?? 'none', value: selected?.validation.value ?? null },
    ...(cut === undefined ? {} : { riskGroups: compareGroups(predictions, labels, cut) }),
    patientsWithSeveralSlides: severalSlides(samples, scored),
  };
  return { result, predictions: predictions.map((p, i) => evaluatedPatient(p, labels, i, model, cut)), model };
}

/** The cohort's files may have changed since the run divided its patients. */
function requirePatients(run: string, split: Split, cohort: Cohort, config: Config): void {
  const usable = strataOf(cohort.patients, config);
  const gone = [...split.train, ...split.validation, ...split.test].filter((id) => !usable.has(id));
  if (gone.length === 0) return;
  const names = `${gone.slice(0, 3).join(', ')}${gone.length > 3 ? ', …' : ''}`;
  throw new UserError(
    `${run}: ${counted(gone.length, 'patient of its split is', 'patients of its split are')} no longer in the cohort ${config.clinical.file}, or without a label (${names}). ` +
      'Restore the cohort, or train again.',
  );
}

/** Evaluates on the test patients and writes `result.json` and `predictions.json` into the run folder. */
export async function evaluateAndWrite(run: string, options: Omit<EvaluateOptions, 'split'> = {}): Promise<Evaluation> {
  const evaluation = await evaluate(run, options);
  await writeJson(join(run, RUN_FILES.predictions), evaluation.predictions);
  await writeJson(join(run, RUN_FILES.result), evaluation.result);
  return evaluation;
}

function compareGroups(predictions: readonly Prediction[], labels: BatchLabels, cut: number): NonNullable<Result['riskGroups']> {
  if (labels.kind !== 'survival') throw new TypeError('risk groups are for survival');
  const group = riskGroups(predictions.map(({ risk }) => risk!), cut);
  const { chiSquare, pValue } = logRank(
    labels.labels.map(({ time }) => time),
    labels.labels.map(({ censored }) => !censored),
    group,
  );
  const high = group.reduce((n, g) => n + g, 0);
  return { cut, low: group.length - high, high, logRank: byName([chiSquare, pValue]) };
}

function severalSlides(samples: CohortSamples, patients: readonly string[]): number {
  return patients.filter((id) => samples.patients.get(id)!.bags.length > 1).length;
}

function evaluatedPatient(p: Prediction, labels: BatchLabels, i: number, { outcome }: Model, cut: number | undefined): EvaluatedPatient {
  if (labels.kind === 'survival' && outcome.kind === 'survival') {
    const { time, censored } = labels.labels[i]!;
    const group = riskGroups([p.risk!], cut!)[0] === 1 ? 'high' : 'low';
    return { ...p, time, event: !censored, group, survival: survivalCurve(p.outputs, outcome.cuts).survival.slice(1) };
  }
  if (labels.kind === 'classes' && outcome.kind === 'classes') {
    const label = labels.labels[i]!;
    return { ...p, label, className: outcome.classes[label]! };
  }
  throw new TypeError('the labels are not of the task of the model');
}
