import { dirname, join } from 'node:path';
import { nodePaths } from '../cohort/expression/read.js';
import { loadCohort } from '../cohort/load.js';
import { makeFolder } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import { folderStore } from '../files/file-source.js';
import type { Store } from '../files/source.js';
import { openBackend, type Backend, type BackendOptions } from '../inference/backend.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import type { Background, PatientExplanation } from '../runs/explanations.js';
import { openRun, RUN_FILES, type Run } from '../runs/open-run.js';
import { writeJson } from '../runs/run-folder.js';
import type { PatientInput } from './input.js';
import { settingsOf } from './known-run.js';
import { openModel as openModelAnywhere, type ExplainOptions, type OpenModel } from './open-model.js';
import type { Prediction } from './prediction.js';

export interface NodeModelOptions extends BackendOptions {
  /** A backend that is open already, and stays open; by default one is opened as the run's config says. */
  readonly backend?: Backend;
}

/**
 * Opens the model of a run: a run folder by its path, or a run wherever its files are.
 *
 *     const model = await openModel('runs/survival');
 *     const prediction = await model.predict({ bag: 'slide.h5', expression: 'patient.csv' });
 *     await model.close();
 *
 * @throws InputError for a run that is not whole, or files that do not belong together
 */
export async function openModel(from: string | Store | Run, options: NodeModelOptions = {}): Promise<OpenModel> {
  const folder = typeof from === 'string' ? from : undefined;
  const store = typeof from === 'string' ? folderStore(from) : from;
  const run = 'checkpoint' in store ? store : await openRun(store);
  const { provider, training } = await settingsOf(run);
  let loaded: Promise<CohortSamples> | undefined;
  const readCohort = async () => cohortSamples((await loadCohort(await run.config())).cohort, run.model);
  const { backend: given, ...how } = options;
  const backend = given ?? (await openBackend({ provider, threads: training.threads, ...how }));
  const close = async () => {
    if (!given) await backend.close();
  };
  try {
    const opened = await openModelAnywhere(run, {
      backend,
      paths: nodePaths,
      cohort: () => (loaded ??= readCohort()),
      ...(folder === undefined ? {} : { keep: (background) => keptBackground(folder, background) }),
    });
    return { ...opened, close: () => opened.close().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Keeps in a run folder what its explanations compare with; gives it back. */
export async function keptBackground(folder: string, background: Background): Promise<Background> {
  const path = join(folder, RUN_FILES.background);
  await makeFolder(dirname(path));
  await writeJson(path, background);
  return background;
}

/** Opens a run's model for one patient: {@link openModel}, predict, close. */
export async function predictPatient(run: string, input: PatientInput): Promise<Prediction> {
  const model = await openModel(run);
  try {
    return await model.predict(input);
  } finally {
    await model.close();
  }
}

/**
 * Explains a run's prediction for one patient: of the run's cohort by name, or from files.
 * @throws InputError as `predict` does, and for a model that is not of the method
 */
export async function explainPatient(run: string, input: PatientInput & ExplainOptions): Promise<PatientExplanation> {
  const { patient, bag, genes, expression, onBackground, signal } = input;
  if ([patient, bag, genes, expression].every((given) => given === undefined))
    throw new InputError(
      "Say whom to explain: --patient ID of the run's cohort, or files with --bag and --expression.",
    );
  const model = await openModel(run);
  try {
    return await model.explain(await model.predict(input, { signal }), { signal, onBackground });
  } finally {
    await model.close();
  }
}
