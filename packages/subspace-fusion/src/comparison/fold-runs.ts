import type { Fold } from '../cohort/split/folds.js';
import type { Cohort, Split } from '../cohort/types.js';
import { RIDGE, type SurvivalPrediction } from '../evaluation/baselines.js';
import { required } from '../files/errors.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { predictedSurvival, survivalCurve } from '../metrics/survival-curve.js';
import type { Outcome } from '../runs/model.js';
import type { Prediction, Result } from '../runs/result.js';
import { openRunFolder } from '../runs/run-folder.js';
import { AVERAGE, averageScores } from './average.js';
import { clinicalReference, type ClinicalReference } from './clinical-reference.js';
import { trainingOf, truthOf, type FoldScores, type ModelScores } from './fold-scores.js';
import { combinedName, combinedScores, referenceScores, simpleModels } from './simple-models.js';
import type { SlideSummary } from './slides.js';

/** How a run ended. */
export type RunOutcome = { readonly result: Result } | { readonly failure: string };

/** A run that is over, or not begun, and where its folder is. */
export interface EndedRun {
  readonly path: string;
  readonly outcome: RunOutcome;
}

/** Why a run failed; empty where it did not. */
const failureOf = (outcome: RunOutcome) => ('failure' in outcome ? outcome.failure : '');

/**
 * One fold's test patients with what its runs say of them, by model, and what simple models say that are fitted on the same training
 * patients. Undefined where no run was finished. Of the first model there are also its mean with ridge on
 * the genes, and the combination with the clinical model.
 * @param models runs (seeds) of each model by its name in tables; the first model's training patients are those of the simple models
 * @param slides of each patient (`summariseSlides`)
 */
export async function scoreFold(
  { fold, repeat }: Pick<Fold, 'fold' | 'repeat'>,
  cohort: Cohort,
  slides: ReadonlyMap<string, SlideSummary>,
  models: Readonly<Record<string, readonly EndedRun[]>>,
): Promise<FoldScores | undefined> {
  const first = Object.values(models)
    .flat()
    .find(({ outcome }) => 'result' in outcome);
  if (first === undefined) return undefined;
  const run = await openRunFolder(first.path);
  const { model } = run;
  const split = await run.split();
  const { seed } = (await run.config()).training;
  const samples = cohortSamples(cohort, model);
  const reference = clinicalReference(
    model.task,
    model.labels,
    split.train.map((id) => required(samples.patients, id).clinical),
  );
  const scores = await Promise.all(
    Object.entries(models).map(async ([name, runs]) => [name, await scoresOf(runs, split.test)] as const),
  );
  const [firstName, firstRuns] = Object.entries(models)[0];
  const combined = await combineWithReference(firstRuns, samples, split, reference, seed);
  const own = Object.fromEntries(scores);
  const simple = simpleModels(samples, split, seed, slides, reference);
  return {
    fold,
    ...(repeat === undefined ? {} : { repeat }),
    patients: split.test,
    truth: truthOf(samples.labels(split.test), model.outcome.kind === 'classes' ? model.outcome.classes : []),
    training: trainingOf(samples.labels(split.train), cohort.timeUnit),
    reference,
    models: {
      ...own,
      ...simple,
      [AVERAGE]: averageScores(own[firstName], simple[RIDGE[samples.labels(split.train).kind]], model.outcome),
      [combinedName(firstName)]: combined,
    },
  };
}

/** The first model and the clinical one together, from what the runs say of their validation patients. */
async function combineWithReference(
  runs: readonly EndedRun[],
  samples: CohortSamples,
  { train, validation, test }: Split,
  reference: ClinicalReference,
  seed: number,
): Promise<ModelScores> {
  const finished = runs.filter(({ outcome }) => 'result' in outcome);
  const own = await Promise.all(
    finished.map(async ({ path }) => {
      const { model, ...run } = await openRunFolder(path);
      return {
        validation: scoresOfPatients(await run.validationPredictions(), validation, model.outcome)?.scores,
        test: scoresOfPatients(await run.predictions(), test, model.outcome)?.scores,
      };
    }),
  );
  const known = own.flatMap((run) =>
    run.validation && run.test ? [{ validation: run.validation, test: run.test }] : [],
  );
  if (known.length === 0 || known.length < own.length)
    return { reason: 'its runs keep no predictions of their validation patients, on whom it is fitted' };
  const clinical = referenceScores(samples, train, [...validation, ...test], reference, seed);
  if ('reason' in clinical) return clinical;
  const both = Array.from(clinical.runs[0]);
  const width = both.length / (validation.length + test.length);
  const groups = { validation: both.slice(0, width * validation.length), test: both.slice(width * validation.length) };
  return combinedScores(samples.labels(validation), groups, known);
}

/** What finished runs of a model say of these patients, or why they say nothing. */
export async function scoresOf(runs: readonly EndedRun[], patients: readonly string[]): Promise<ModelScores> {
  const finished = runs.filter(({ outcome }) => 'result' in outcome);
  if (finished.length === 0)
    return { reason: runs[0] ? `no run was finished: ${failureOf(runs[0].outcome)}` : 'it was not trained' };
  const scores = await Promise.all(
    finished.map(async ({ path }) => {
      const run = await openRunFolder(path);
      return scoresOfPatients(await run.predictions(), patients, run.model.outcome);
    }),
  );
  const read = scores.filter((run) => run !== undefined);
  if (read.length < finished.length) return { reason: 'its runs have other test patients' };
  const survival = read.flatMap((run) => run.survival ?? []);
  return { runs: read.map((run) => run.scores), ...(survival.length === read.length ? { survival } : {}) };
}

interface RunScores {
  readonly scores: readonly number[];
  readonly survival: SurvivalPrediction | undefined;
}

/** What a run says of these patients, risks or class probabilities; undefined where it says nothing, or of others. */
function scoresOfPatients(
  predictions: readonly Prediction[] | undefined,
  patients: readonly string[],
  outcome: Outcome,
): RunScores | undefined {
  const byPatient = new Map(predictions?.map((prediction) => [prediction.patient, prediction]));
  const inOrder = patients.flatMap((id) => byPatient.get(id) ?? []);
  if (byPatient.size !== patients.length || inOrder.length !== patients.length) return undefined;
  const scores = inOrder.flatMap(({ outputs, risk }) => (risk === undefined ? outputs : [risk]));
  const hazards = inOrder.map(({ outputs }) => outputs);
  return { scores, survival: outcome.kind === 'survival' ? survivalPrediction(hazards, outcome.cuts) : undefined };
}

/** Hazards of the bins say who is alive at the cuts between them; nothing is said of times after the last cut. */
function survivalPrediction(hazards: readonly (readonly number[])[], cuts: readonly number[]): SurvivalPrediction {
  const curves = hazards.map((own) => survivalCurve(own, cuts));
  return { until: cuts[cuts.length - 1], at: (row, time) => predictedSurvival(curves[row], time) as number };
}
