import { basename, join } from 'node:path';
import { loadCohort } from '../cohort/load.js';
import type { Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { reads } from '../model/choice.js';
import { taskName, type Model } from '../runs/model.js';
import type { Run } from '../runs/open-run.js';
import type { EvaluatedClass, EvaluatedPatient, EvaluatedSurvival } from '../runs/result.js';
import { openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { readExplanations } from './explanations.js';
import { summarisePatients, type Part } from './patients.js';
import type { ModelFacts, ReportRun } from './types.js';

/** A run that was evaluated, as a report shows it. @throws InputError where the folder holds no run, or one that was not evaluated. */
export async function readReportRun(folder: string): Promise<ReportRun> {
  const run = await openRunFolder(folder);
  const { model } = run;
  const config = await run.config();
  const { selection, ...result } = evaluated(run, RUN_FILES.result, await run.result());
  const predictions = asPredictions(model, evaluated(run, RUN_FILES.predictions, await run.predictions()));
  const name = basename(folder);
  return {
    task: taskName(model.task),
    config,
    model: factsOf(model),
    trainings: [{ epochs: await run.epochs(), selection }],
    result,
    predictions,
    patients: await patientsOf(config, partsOf(await run.split())),
    explanations: await readExplanations(run, predictions),
    commands: [
      `npx subspace train config.yaml --out ${name}`,
      `npx subspace evaluate ${name}`,
      `npx subspace explain ${name} --cohort`,
      `npx subspace report ${name}`,
    ],
  };
}

/** What evaluation wrote. @throws InputError where it is not there. */
export function evaluated<T>(run: Run, file: string, found: T | undefined): T {
  if (found !== undefined) return found;
  throw new InputError(
    `${join(run.name, file)}: not found, so the run was not evaluated. \`subspace train --resume\` finishes it.`,
  );
}

/** Every patient that a run's split names. */
export async function splitPatients(folder: string): Promise<string[]> {
  const run = await openRunFolder(folder);
  return partsOf(await run.split()).flatMap(({ patients }) => patients);
}

function partsOf({ train, validation, test, conformal }: Split): Part[] {
  return [
    { name: 'Training', patients: train },
    { name: 'Validation', patients: validation },
    { name: 'Test', patients: test },
    ...(conformal ? [{ name: 'Prediction sets', patients: conformal }] : []),
  ];
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
    reads: reads(network),
    tokens,
    patchWidth: size.patchWidth,
    genes: size.genes,
    ...(encoder === undefined ? {} : { encoder }),
    covariates: covariates?.covariates.map(({ name }) => name) ?? [],
    definingCovariates,
  };
}

/** The predictions of a run's test patients. */
export function asPredictions(model: Model, predictions: readonly EvaluatedPatient[]): ReportRun['predictions'] {
  if (model.outcome.kind === 'survival') {
    const { cuts, timeUnit } = model.outcome;
    const rows = predictions
      .filter(isSurvival)
      .map(({ patient, risk, group, time, event, survival }) => ({ patient, risk, group, time, event, survival }));
    return { kind: 'survival', timeUnit, cuts, rows };
  }
  const rows = predictions
    .filter(isClass)
    .map(({ patient, label, outputs }) => ({ patient, label, probabilities: outputs }));
  return { kind: 'classification', classes: model.outcome.classes, rows };
}

type SurvivalPatient = EvaluatedSurvival & Required<Pick<EvaluatedSurvival, 'risk' | 'group'>>;

function isSurvival(p: EvaluatedPatient): p is SurvivalPatient {
  return 'time' in p && p.group !== undefined && p.risk !== undefined;
}

function isClass(p: EvaluatedPatient): p is EvaluatedClass {
  return 'label' in p;
}
