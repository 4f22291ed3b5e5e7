import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cohort } from '../cohort/index.js';
import { readModel, readRunConfig, readRunSplit, RUN_FILES } from '../training/run-folder.js';
import { cohortSamples } from '../training/samples.js';
import type { RunOutcome } from './crossval-runs.js';
import { truthOf, type FoldScores, type Scores } from './fold-scores.js';
import type { EvaluatedPatient } from './score-model.js';
import { simpleModels } from './simple-models.js';

/** A run that is over, and its folder. */
export interface EndedRun {
  readonly folder: string;
  readonly outcome: RunOutcome;
}

/** Why a run failed; empty where it did not. */
export const failureOf = (outcome: RunOutcome) => ('failure' in outcome ? outcome.failure : '');

/**
 * One fold's test patients with what its runs say of them, by model, and what simple models say that are fitted on the same training
 * patients. Undefined where no run was finished.
 * @param models runs (seeds) of each model by its name in tables; the first model's training patients are those of the simple models
 * @param means the mean patch feature of each patient (`slideMeans`)
 */
export async function scoreFold(
  fold: number,
  cohort: Cohort,
  means: ReadonlyMap<string, Float32Array>,
  models: Readonly<Record<string, readonly EndedRun[]>>,
): Promise<FoldScores | undefined> {
  const first = Object.values(models).flat().find(({ outcome }) => 'result' in outcome);
  if (first === undefined) return undefined;
  const model = await readModel(first.folder);
  const split = await readRunSplit(first.folder);
  const { seed } = (await readRunConfig(first.folder)).training;
  const samples = cohortSamples(cohort, model);
  const scores = await Promise.all(Object.entries(models).map(async ([name, runs]) => [name, await scoresOf(runs, split.test)] as const));
  return {
    fold,
    patients: split.test,
    truth: truthOf(samples.labels(split.test), model.outcome.kind === 'classes' ? model.outcome.classes : []),
    models: { ...Object.fromEntries(scores), ...simpleModels(samples, split, seed, means) },
  };
}

async function scoresOf(runs: readonly EndedRun[], patients: readonly string[]): Promise<Scores> {
  const finished = runs.filter(({ outcome }) => 'result' in outcome);
  if (finished.length === 0) return { reason: runs[0] ? `no run was finished: ${failureOf(runs[0].outcome)}` : 'it was not trained' };
  const scores = await Promise.all(finished.map(({ folder }) => readScores(folder, patients)));
  const read = scores.filter((run) => run !== undefined);
  return read.length === scores.length ? { runs: read } : { reason: 'its runs have other test patients' };
}

/** A run's predictions of these patients, risks or class probabilities; undefined where its test patients are others. */
async function readScores(folder: string, patients: readonly string[]): Promise<number[] | undefined> {
  const predictions = JSON.parse(await readFile(join(folder, RUN_FILES.predictions), 'utf8')) as EvaluatedPatient[];
  const byPatient = new Map(predictions.map((p) => [p.patient, p]));
  if (byPatient.size !== patients.length || !patients.every((id) => byPatient.has(id))) return undefined;
  return patients.flatMap((id) => {
    const { outputs, risk } = byPatient.get(id)!;
    return risk === undefined ? outputs : [risk];
  });
}
