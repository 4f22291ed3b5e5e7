import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cohort, Split } from '../cohort/index.js';
import type { Fold } from '../cohort/split/folds.js';
import type { SurvivalPrediction } from '../evaluation/baselines.js';
import type { EvaluatedPatient, Result } from '../evaluation/result.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { predictedSurvival, survivalCurve } from '../metrics/index.js';
import { exists, readModel, readRunConfig, readRunSplit, RUN_FILES } from '../runs/run-folder.js';
import { clinicalReference, type ClinicalReference } from './clinical-reference.js';
import { trainingOf, truthOf, type FoldScores, type Scores } from './fold-scores.js';
import { combinedScores, REFERENCE, referenceScores, simpleModels } from './simple-models.js';

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
 * patients. Undefined where no run was finished. The first model also stands together with the clinical model (`combined-model`).
 * @param models runs (seeds) of each model by its name in tables; the first model's training patients are those of the simple models
 * @param means the mean patch feature of each patient (`slideMeans`)
 */
export async function scoreFold(
  { fold, repeat }: Pick<Fold, 'fold' | 'repeat'>,
  cohort: Cohort,
  means: ReadonlyMap<string, Float32Array>,
  models: Readonly<Record<string, readonly EndedRun[]>>,
): Promise<FoldScores | undefined> {
  const first = Object.values(models)
    .flat()
    .find(({ outcome }) => 'result' in outcome);
  if (first === undefined) return undefined;
  const model = await readModel(first.path);
  const split = await readRunSplit(first.path);
  const { seed } = (await readRunConfig(first.path)).training;
  const samples = cohortSamples(cohort, model);
  const reference = clinicalReference(
    model.task,
    model.labels,
    split.train.map((id) => samples.patients.get(id)!.clinical),
  );
  const scores = await Promise.all(
    Object.entries(models).map(async ([name, runs]) => [name, await scoresOf(runs, split.test)] as const),
  );
  const [firstName, firstRuns] = Object.entries(models)[0];
  const combined = await combineWithReference(firstRuns, samples, split, reference, seed);
  return {
    fold,
    ...(repeat === undefined ? {} : { repeat }),
    patients: split.test,
    truth: truthOf(samples.labels(split.test), model.outcome.kind === 'classes' ? model.outcome.classes : []),
    training: trainingOf(samples.labels(split.train), cohort.timeUnit),
    reference,
    models: {
      ...Object.fromEntries(scores),
      ...simpleModels(samples, split, seed, means, reference),
      [`${firstName} + ${REFERENCE}`]: combined,
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
): Promise<Scores> {
  const finished = runs.filter(({ outcome }) => 'result' in outcome);
  const own = await Promise.all(
    finished.map(async ({ path }) => ({
      validation: (await readScores(path, RUN_FILES.validationPredictions, validation))?.scores,
      test: (await readScores(path, RUN_FILES.predictions, test))?.scores,
    })),
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

async function scoresOf(runs: readonly EndedRun[], patients: readonly string[]): Promise<Scores> {
  const finished = runs.filter(({ outcome }) => 'result' in outcome);
  if (finished.length === 0)
    return { reason: runs[0] ? `no run was finished: ${failureOf(runs[0].outcome)}` : 'it was not trained' };
  const read = (
    await Promise.all(finished.map(({ path }) => readScores(path, RUN_FILES.predictions, patients)))
  ).filter((run) => run !== undefined);
  if (read.length < finished.length) return { reason: 'its runs have other test patients' };
  const survival = read.flatMap((run) => run.survival ?? []);
  return { runs: read.map(({ scores }) => scores), ...(survival.length === read.length ? { survival } : {}) };
}

interface RunScores {
  readonly scores: readonly number[];
  readonly survival: SurvivalPrediction | undefined;
}

/** A run's predictions of these patients, risks or class probabilities; undefined where its file has none, or others. */
async function readScores(folder: string, file: string, patients: readonly string[]): Promise<RunScores | undefined> {
  if (!(await exists(join(folder, file)))) return undefined;
  const predictions = JSON.parse(await readFile(join(folder, file), 'utf8')) as Pick<
    EvaluatedPatient,
    'patient' | 'outputs' | 'risk'
  >[];
  const byPatient = new Map(predictions.map((p) => [p.patient, p]));
  if (byPatient.size !== patients.length || !patients.every((id) => byPatient.has(id))) return undefined;
  const inOrder = patients.map((id) => byPatient.get(id)!);
  const { outcome } = await readModel(folder);
  const scores = inOrder.flatMap(({ outputs, risk }) => (risk === undefined ? outputs : [risk]));
  return {
    scores,
    survival:
      outcome.kind === 'survival'
        ? survivalOf(
            inOrder.map(({ outputs }) => outputs),
            outcome.cuts,
          )
        : undefined,
  };
}

/** Hazards of the bins say who is alive at the cuts between them; nothing is said of times after the last cut. */
function survivalOf(hazards: readonly (readonly number[])[], cuts: readonly number[]): SurvivalPrediction {
  const curves = hazards.map((own) => survivalCurve(own, cuts));
  return { until: cuts.at(-1)!, at: (row, time) => predictedSurvival(curves[row], time) as number };
}
