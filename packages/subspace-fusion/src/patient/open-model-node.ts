import { join } from 'node:path';
import { nodePaths } from '../cohort/expression/read.js';
import { loadCohort } from '../cohort/index.js';
import { folderStore } from '../files/file-source.js';
import type { Store } from '../files/source.js';
import { openBackend, type Backend, type BackendOptions } from '../inference/backend.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import type { Background } from '../runs/explanations.js';
import { openRun, RUN_FILES, type Run } from '../runs/open-run.js';
import { writeJson } from '../runs/run-folder.js';
import { settingsOf } from './known-run.js';
import { openModel as openModelAnywhere, type OpenModel } from './open-model.js';

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
  await writeJson(join(folder, RUN_FILES.background), background);
  return background;
}
