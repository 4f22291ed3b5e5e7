import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { evaluateHeld } from '../evaluation/evaluate.js';
import { exists, openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { trainHeld } from '../training/train.js';
import type { JobContext, JobProgress } from './job.js';

/**
 * Trains one model from where the folder stands, and scores it on its test patients; `result.json` is written last. The caller holds the lock of the folder.
 * @throws as `train` and `evaluateAndWrite` do.
 */
export async function doTraining(
  folder: string,
  config: Config,
  { signal, onWarning, onProgress }: JobContext,
): Promise<void> {
  await trainHeld({
    config,
    out: folder,
    resume: await exists(join(folder, RUN_FILES.model)),
    signal,
    onWarning,
    onStep: ({ epoch, epochs, step, steps }) => onProgress?.({ done: epoch + step / steps, of: epochs }),
  });
  await evaluateHeld(folder);
}

/** Whole epochs that the folder holds. */
export async function trainingProgress(folder: string, config: Config): Promise<JobProgress> {
  const begun = await exists(join(folder, RUN_FILES.model));
  return { done: begun ? (await (await openRunFolder(folder)).epochs()).length : 0, of: config.training.epochs };
}
