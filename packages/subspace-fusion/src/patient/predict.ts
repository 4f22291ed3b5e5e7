import { basename } from 'node:path';
import { PER_YEAR } from '../cohort/clinical/outcome.js';
import type { Patient } from '../cohort/index.js';
import { readConfidence } from '../evaluation/confidence/confidence-file.js';
import {
  NOT_LEARNED,
  patientConfidence,
  unlikeWarnings,
  type PatientConfidence,
} from '../evaluation/confidence/patient.js';
import { checkRange, meanOf, meanPatch, type RangeChecks } from '../evaluation/confidence/training-range.js';
import { formatProblem, InputError, type Problem } from '../files/errors.js';
import { openBackend } from '../inference/backend.js';
import { createPredictor, prediction } from '../inference/predictor.js';
import { readFixedBag } from '../inference/samples.js';
import { predictedMedian, predictedSurvival, survivalCurve } from '../metrics/index.js';
import { hasStandIns, reads } from '../model/choice.js';
import { encodeCovariates, unknownCovariates, unseenLevels } from '../runs/covariates.js';
import { taskName, type Model } from '../runs/model.js';
import { readCheckpoint, readModel, readRunConfig } from '../runs/run-folder.js';
import { checkBags, readPatientExpression } from './inputs.js';

/** A time or a probability, or the words for what lies after the last cut. */
type Time = ReturnType<typeof predictedMedian>;

/** One patient's prediction, in words that a reader can use. */
export interface PatientPrediction {
  readonly patient: string;
  readonly task: string;
  /** Slides that it is the mean over. */
  readonly slides: number;
  /** The inputs that it rests on, in words: slides, expression, covariates that are known. */
  readonly leanedOn: readonly string[];
  /** Class tasks: the probability of each class, and the largest. */
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly predicted?: string;
  /** Survival: risk (higher is worse), probability to be alive after 1, 2 and 5 years, and median, in the cohort's time unit. */
  readonly risk?: number;
  readonly survival?: {
    readonly years: Readonly<Record<'1' | '2' | '5', Time>>;
    readonly median: Time;
    readonly timeUnit: string;
    readonly curve: { times: readonly number[]; survival: readonly number[] };
  };
  /** What the prediction is worth, from patients that were held out of training; or why nothing is known of it. */
  readonly confidence: PatientConfidence | { readonly unknown: string };
  /** How far the patient's inputs are from those of the training patients; or why nothing is known of it. */
  readonly likeTraining: RangeChecks | { readonly unknown: string };
  readonly warnings: readonly string[];
}

export interface PredictOptions {
  /** Feature files of the patient, one a slide; none for a model that can do without. */
  readonly bags: readonly string[];
  /** An expression matrix that holds the patient, alone or among others. */
  readonly expression?: string | undefined;
  /** Needed where the matrix holds several patients and no file name starts with one of their ids. */
  readonly patient?: string | undefined;
  /** The patient's row of a clinical table, for a model with covariates; what is not in it is unknown. */
  readonly clinical?: Readonly<Record<string, string>> | undefined;
}

/**
 * Predicts one patient with a run's selected model, from slides, expression or both, as far as the model can do without.
 * @throws InputError for files that cannot be read or do not fit the model, and a modality that it cannot do without.
 */
export async function predictPatient(
  run: string,
  { bags, expression: file, patient: asked, clinical = {} }: PredictOptions,
): Promise<PatientPrediction> {
  const model = await readModel(run);
  const { parameters } = await readCheckpoint(run, model);
  const config = await readRunConfig(run);
  requireModalities(run, model, bags, file);
  const problems: Problem[] = [];
  const aboutBags = await checkBags(bags, model);
  const expression =
    file === undefined ? undefined : await readPatientExpression(file, model, config.expression, bags, asked, problems);
  const patient = expression?.patient ?? asked ?? basename(bags[0]).replace(/\.[^.]*$/, '');
  const row: Patient = { id: patient, clinical, bags: [] };
  const covariates = model.covariates && encodeCovariates(model.covariates, [row]);

  const backend = await openBackend({ provider: config.provider });
  const predictor = await createPredictor(model, parameters, backend);
  try {
    const outputs: Float64Array[] = [];
    const patches: Float64Array[] = [];
    const slides = reads(model.network).bag && bags.length > 0 ? bags : [undefined];
    for (const path of slides) {
      const bag = path === undefined ? undefined : await readFixedBag({ slide: basename(path), path }, model);
      if (bag) patches.push(meanPatch(bag, model.size.patchWidth));
      outputs.push(await predictor.run({ bag, genes: expression?.genes, covariates }));
    }
    const predicted = prediction(patient, outputs, model.outcome.kind === 'survival');
    const lacking = missing(model, bags.length, expression !== undefined);
    const known = await readConfidence(run);
    const checks =
      known && checkRange(known.range, expression?.genes, patches.length > 0 ? meanOf(patches) : undefined);
    return {
      ...inWords(model, predicted),
      slides: bags.length,
      leanedOn: leanedOn(model, bags.length, expression !== undefined, row),
      confidence:
        lacking.length > 0
          ? { unknown: 'it was learned on complete patients' }
          : patientConfidence(predicted.outputs, model.outcome, known),
      likeTraining: checks ?? { unknown: NOT_LEARNED },
      warnings: [
        ...problems.map(formatProblem),
        ...aboutBags,
        ...lacking,
        ...aboutCovariates(model, row),
        ...unlikeWarnings(checks ?? {}),
      ],
    };
  } finally {
    await predictor.dispose();
    await backend.close();
  }
}

/** @throws InputError where the patient lacks a modality that the model cannot do without. */
function requireModalities(
  run: string,
  { network }: Model,
  bags: readonly string[],
  expression: string | undefined,
): void {
  const needs = reads(network);
  const lacks = { slides: needs.bag && bags.length === 0, expression: needs.genes && expression === undefined };
  if (!lacks.slides && !lacks.expression) return;
  if (lacks.slides && lacks.expression)
    throw new InputError('Give a slide with --bag or an expression matrix with --expression, or both.');
  if (hasStandIns(network)) return;
  const [what, option] = lacks.slides ? ['slides', '--bag'] : ['expression', '--expression'];
  throw new InputError(
    `${run}: this model was trained on complete patients and cannot do without ${what}. ` +
      `Give them with ${option}, or train a model with --set training.modalityDropout=0.3, which learns to.`,
  );
}

/** What the prediction rests on. */
function leanedOn({ network, covariates }: Model, slides: number, expression: boolean, row: Patient): string[] {
  const needs = reads(network);
  const unknown = covariates ? unknownCovariates(covariates, row) : [];
  return [
    ...(needs.bag && slides > 0 ? [slides === 1 ? '1 slide' : `${slides} slides`] : []),
    ...(needs.genes && expression ? ['expression'] : []),
    ...(covariates?.covariates ?? []).flatMap(({ name }) => (unknown.includes(name) ? [] : [name])),
  ];
}

function missing({ network }: Model, slides: number, expression: boolean): string[] {
  const needs = reads(network);
  const lacking = [
    ...(needs.bag && slides === 0 ? ['slides'] : []),
    ...(needs.genes && !expression ? ['expression'] : []),
  ];
  return lacking.map(
    (what) =>
      `the patient has no ${what}: a learned stand-in takes their place, and the prediction is less sure than for complete patients`,
  );
}

function aboutCovariates({ covariates }: Model, row: Patient): string[] {
  if (!covariates) return [];
  const unknown = unknownCovariates(covariates, row);
  const words =
    unknown.length === 0
      ? []
      : [
          `unknown: ${unknown.join(', ')}; the training patients' mean stands for a number. Give them with --clinical column=value`,
        ];
  return [...unseenLevels(covariates, [row]), ...words];
}

function inWords(
  { task, outcome }: Model,
  { patient, outputs, risk }: ReturnType<typeof prediction>,
): Omit<PatientPrediction, 'slides' | 'leanedOn' | 'confidence' | 'likeTraining' | 'warnings'> {
  const common = { patient, task: taskName(task) };
  if (outcome.kind === 'classes') {
    const probabilities = Object.fromEntries(outcome.classes.map((name, c) => [name, outputs[c]]));
    return { ...common, probabilities, predicted: outcome.classes[outputs.indexOf(Math.max(...outputs))] };
  }
  const curve = survivalCurve(outputs, outcome.cuts);
  const after = (years: number) => predictedSurvival(curve, years * PER_YEAR[outcome.timeUnit]);
  const survival = {
    years: { 1: after(1), 2: after(2), 5: after(5) },
    median: predictedMedian(curve),
    timeUnit: outcome.timeUnit,
    curve: { times: curve.times, survival: curve.survival },
  };
  return { ...common, risk: risk!, survival };
}
