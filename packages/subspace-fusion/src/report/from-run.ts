import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadCohort, type Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import type { EvaluatedPatient } from '../evaluation/evaluate.js';
import type { Result } from '../evaluation/result.js';
import { InputError } from '../files/errors.js';
import { taskName, type Model } from '../runs/model.js';
import { readEpochs, readModel, readRunConfig, readRunSplit, RUN_FILES } from '../runs/run-folder.js';
import { readExplanations } from './explanations.js';
import { summarisePatients, type Part } from './patients.js';
import type { RiskGroup } from '../words/prediction.js';
import type { ModelFacts, ReportRun } from './types.js';

/** A run that was evaluated, as a report shows it. @throws InputError where the folder holds no run, or one that was not evaluated. */
export async function readReportRun(run: string): Promise<ReportRun> {
  const config = await readRunConfig(run);
  const model = await readModel(run);
  const { selection, ...result } = await readResult(run);
  const predictions = asPredictions(model, await readPredictions(run));
  const name = basename(run);
  return {
    task: taskName(model.task),
    config,
    model: factsOf(model),
    trainings: [{ epochs: await readEpochs(run), selection }],
    result,
    predictions,
    patients: await patientsOf(config, partsOf(await readRunSplit(run))),
    explanations: await readExplanations(run, predictions),
    commands: [
      `npx subspace train config.yaml --out ${name}`,
      `npx subspace evaluate ${name}`,
      `npx subspace explain ${name} --cohort`,
      `npx subspace report ${name}`,
    ],
  };
}

async function readEvaluated<T>(run: string, file: string): Promise<T> {
  const path = join(run, file);
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InputError(`${path}: not found, so the run was not evaluated. \`subspace train --resume\` finishes it.`);
  });
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new InputError(`${path}: is not valid JSON; the run folder was changed or copied in part. Restore the file.`);
  }
}

export const readResult = (run: string): Promise<Result> => readEvaluated(run, RUN_FILES.result);
export const readPredictions = (run: string): Promise<EvaluatedPatient[]> => readEvaluated(run, RUN_FILES.predictions);

/** Every patient that a run's split names. */
export async function splitPatients(run: string): Promise<string[]> {
  return Object.values(await readRunSplit(run)).flat();
}

const PART_NAMES: Readonly<Record<string, string>> = {
  train: 'Training',
  validation: 'Validation',
  conformal: 'Prediction sets',
  test: 'Test',
};

function partsOf(split: Split): Part[] {
  return Object.entries(split).map(([name, patients]) => ({ name: PART_NAMES[name] ?? name, patients }));
}

/** The cohort of a run may have been moved since; then the report says so. */
export async function patientsOf(config: Config, parts: readonly Part[]): Promise<ReportRun['patients']> {
  try {
    const { cohort } = await loadCohort(config);
    return summarisePatients(cohort, parts, config);
  } catch (error) {
    if (error instanceof InputError) return { reason: error.message };
    throw error;
  }
}

export function factsOf(model: Model): ModelFacts {
  const { network, tokens, size, encoder, covariates, definingCovariates = [] } = model;
  return {
    network: network.name,
    tokens,
    patchWidth: size.patchWidth,
    genes: size.genes,
    ...(encoder === undefined ? {} : { encoder }),
    covariates: covariates?.covariates.map(({ name }) => name) ?? [],
    definingCovariates,
  };
}

/** The predictions of a run's test patients, or those of a fold. */
export function asPredictions(
  model: Model,
  predictions: readonly EvaluatedPatient[],
  fold?: string,
): ReportRun['predictions'] {
  if (model.outcome.kind === 'survival') {
    const { cuts, timeUnit } = model.outcome;
    const rows = predictions
      .filter(isSurvival)
      .map(({ patient, risk, group, time, event, survival }) => ({ patient, risk, group, time, event, survival }));
    return { kind: 'survival', timeUnit, cuts, rows };
  }
  const rows = predictions
    .filter(isClass)
    .map(({ patient, label, outputs }) => ({
      patient,
      label,
      probabilities: outputs,
      ...(fold === undefined ? {} : { fold }),
    }));
  return { kind: 'classification', classes: model.outcome.classes, rows };
}

type SurvivalPatient = Extract<EvaluatedPatient, { time: number }> & { risk: number; group: RiskGroup };

function isSurvival(p: EvaluatedPatient): p is SurvivalPatient {
  return 'group' in p;
}

function isClass(p: EvaluatedPatient): p is Extract<EvaluatedPatient, { label: number }> {
  return 'label' in p;
}
