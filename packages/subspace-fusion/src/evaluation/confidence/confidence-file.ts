import { join } from 'node:path';
import type { Confidence, ConfidenceResult } from '../../runs/confidence.js';
import { openRunFolder, RUN_FILES, writeJson } from '../../runs/run-folder.js';

export type { Confidence, ConfidenceResult } from '../../runs/confidence.js';

/** Writes `confidence.json`: what was learned, and what the test patients showed of it. */
export async function writeConfidence(run: string, confidence: Confidence, test: ConfidenceResult): Promise<void> {
  await writeJson(join(run, RUN_FILES.confidence), { ...confidence, test });
}

/** The confidence of a run's checkpoint; undefined where there is none, as of imported models, or it is of another checkpoint. */
export async function readConfidence(run: string): Promise<Confidence | undefined> {
  return (await openRunFolder(run)).confidence();
}
