import type { ExpectedCoverage, Metric } from '../../metrics/index.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../../cohort/index.js';
import { exists, RUN_FILES, writeJson } from '../../runs/run-folder.js';
import type { ClassConfidence, OperatingPoint, ProbabilityQuality } from './class-confidence.js';
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

/** What a model's confidence turned out to be worth on patients who had no part in it. */
export interface ConfidenceResult {
  readonly classes?: ClassResult;
  readonly survival?: SurvivalCalibration;
  /** By kind of input: patients that could be compared with those of training, and how many are out of range. */
  readonly unlikeTraining: { readonly genes?: Flags; readonly features?: Flags };
}

export interface Flags {
  readonly patients: number;
  readonly flagged: number;
}

export interface ClassResult {
  /** Fitted on `fittedOn` validation patients. */
  readonly temperature: Metric;
  readonly fittedOn: number;
  readonly before: ProbabilityQuality;
  readonly after: ProbabilityQuality;
  /** At the thresholds of the validation patients. */
  readonly operatingPoints: readonly OperatingPoint[];
  /** Absent where no patients were set aside. */
  readonly sets?: SetResult;
}

export interface SetResult {
  /** What was asked for: 0.9. */
  readonly nominal: number;
  readonly calibrators: number;
  /** One threshold for all patients, with the coverage to expect: see {@link ClassCoverage}. */
  readonly marginal: SetCoverage & { readonly expected: ExpectedCoverage | null };
  readonly byClass: SetCoverage & { readonly classes: readonly ClassCoverage[] };
}

export interface SetCoverage {
  readonly coverage: Metric;
  readonly meanSize: number;
  /** Patients with a set of 0, 1, … C classes. */
  readonly sizes: readonly number[];
}

export interface ClassCoverage {
  readonly class: string;
  readonly calibrators: number;
  /** Why the class is in every set. */
  readonly refused?: string;
  readonly coverage: Metric;
  /** Its mean, and the interval that holds 95 % of what chance in calibration and test makes of it at these numbers of patients; null where it was refused. */
  readonly expected: ExpectedCoverage | null;
}
