import { join } from 'node:path';
import type { Confidence, ConfidenceResult } from '../../runs/confidence.js';
import { RUN_FILES, writeJson } from '../../runs/run-folder.js';

/** Writes `confidence.json`: what was learned, and what the test patients showed of it. */
export async function writeConfidence(run: string, confidence: Confidence, test: ConfidenceResult): Promise<void> {
  await writeJson(join(run, RUN_FILES.confidence), { ...confidence, test });
}
