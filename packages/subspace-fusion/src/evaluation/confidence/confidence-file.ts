import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../cohort/index.js';
import { exists, RUN_FILES, writeJson } from '../../runs/run-folder.js';
import type { ConfidenceResult } from './apply.js';
import type { ClassConfidence } from './class-confidence.js';
import type { SurvivalCalibration } from './survival-confidence.js';
import type { TrainingRange } from './training-range.js';

/** What is known of how far a run's model can be trusted, all of it from patients before the test; `confidence.json` holds it. */
export interface Confidence {
  readonly format: 1;
  /** SHA-256 of the checkpoint that it was learned for. */
  readonly checkpoint: string;
  /** Class tasks. */
  readonly classes?: ClassConfidence;
  /** Survival: on the conformal part where there is one, which the epoch was not chosen on either, otherwise on the validation patients. */
  readonly survival?: SurvivalCalibration & { readonly on: 'conformal' | 'validation' };
  readonly range: TrainingRange;
}

export const checkpointHash = (run: string): Promise<string> => sha256File(join(run, RUN_FILES.checkpoint));

/** Writes `confidence.json`: what was learned, and what the test patients showed of it. */
export async function writeConfidence(run: string, confidence: Confidence, test: ConfidenceResult): Promise<void> {
  await writeJson(join(run, RUN_FILES.confidence), { ...confidence, test });
}

/** The confidence of a run's checkpoint; undefined where there is none, as of imported models, or it is of another checkpoint. */
export async function readConfidence(run: string): Promise<Confidence | undefined> {
  const path = join(run, RUN_FILES.confidence);
  if (!(await exists(path))) return undefined;
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as Omit<Confidence, 'format'> & { format: number };
    return stored.format === 1 && stored.checkpoint === (await checkpointHash(run))
      ? { ...stored, format: 1 }
      : undefined;
  } catch {
    return undefined; // a damaged file says nothing
  }
}
