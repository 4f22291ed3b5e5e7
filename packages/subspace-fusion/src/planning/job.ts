import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Provider } from 'onnx-autodiff';
import { z } from 'zod';
import type { Config } from '../config/config.js';
import { count, MOST } from '../config/values.js';
import { makeFolder } from '../files/atomic.js';
import { InputError, type Problem } from '../files/errors.js';
import { readWholeJson } from '../files/file-source.js';
import type { Stored } from '../files/json.js';
import { acquireLock, FOLDER_LOCK, holderName } from '../files/lock.js';
import { RUN_FILES, writeJson } from '../runs/run-folder.js';
import { configFile } from '../runs/training-files.js';
import type { Encoder } from '../slides/encoder.js';
import type { Cutting } from '../slides/grid.js';

/**
 * A job's folder holds everything that doing it needs, so that any process on any node can take it:
 * - `job.json`: what is asked, written before the job is given to anyone
 * - `job.lock`: who is doing it
 * - `attempts.json`: who tried, when, and how it ended
 * - `job.log`: what the attempts printed
 * - `result.json`: written last; the job is done when it is there
 */
export const JOB_FILES = {
  request: 'job.json',
  lock: FOLDER_LOCK,
  attempts: 'attempts.json',
  log: 'job.log',
  result: RUN_FILES.result,
} as const;

const trainingRequest = z.object({ kind: z.literal('training'), config: configFile });

const extractionRequest = z.object({
  kind: z.literal('extraction'),
  slide: z
    .object({ file: z.string(), bytes: z.number() })
    .describe('Its size tells whether the file is still the one that was planned with'),
  out: z.string().describe('Folder of the feature files'),
  encoder: z
    .object({ file: z.string(), sha256: z.string(), config: z.record(z.string(), z.string()) })
    .describe('With all keys of its YAML as they were when the job was planned, in the words of YAML'),
  cutting: z.object({
    patchSize: z.number(),
    resolution: z.union([z.object({ magnification: z.number() }), z.object({ micrometres: z.number() })]),
    objective: z.number().optional(),
    tissue: z.number(),
  }) satisfies z.ZodType<Cutting>,
  fix: z.number().optional(),
  overwrite: z.boolean().optional(),
  batch: count(MOST.batch),
  provider: z.enum(['cpu', 'webgpu', 'cuda']) satisfies z.ZodType<Provider>,
  threads: count(MOST.threads).optional().describe('Of the encoder; by default one a core'),
});

/** `job.json`: what a job is asked to do. */
export const jobRequest = z.discriminatedUnion('kind', [trainingRequest, extractionRequest]);
export type JobRequest = TrainingRequest | ExtractionRequest;

/** One model, trained and scored. */
export interface TrainingRequest {
  readonly kind: 'training';
  readonly config: Config;
}

/** Features of one slide. Paths are absolute. */
export type ExtractionRequest = Stored<typeof extractionRequest>;

export interface Job {
  /** Stable and for people: `survival/subspace/fold-0/seed-1`. */
  readonly name: string;
  readonly folder: string;
  readonly request: JobRequest;
}

/** How far a job is, in a unit of its kind (epochs, slides); `done` may be a fraction. */
export interface JobProgress {
  readonly done: number;
  readonly of: number;
}

/** How an attempt at a job ended. `busy`: another process has it. */
export interface JobEnd {
  readonly outcome: 'done' | 'stopped' | 'failed' | 'busy';
  readonly message?: string;
  /** It failed for something that the user gave. */
  readonly badInput?: boolean;
}

/** How often, at tenths of a second, the lock of a job is asked for by who only writes its request: another who does so has it for a moment. */
const MOST_TRIES = 20;

/**
 * Writes what a job is asked into its folder, under the job's lock: who does the job keeps the request that it began with.
 * @throws {InputError} where another process is doing the job with other settings
 */
export async function writeRequest({ folder, request }: Job): Promise<void> {
  await makeFolder(folder);
  const path = join(folder, JOB_FILES.request);
  const text = JSON.stringify(request, null, 2) + '\n';
  const isWritten = async () => (await readFile(path, 'utf8').catch(() => undefined)) === text;
  for (let tries = 0; !(await isWritten()); tries++) {
    const taken = await acquireLock(join(folder, JOB_FILES.lock));
    if ('lock' in taken) await writeJson(path, request).finally(() => taken.lock.release());
    else if (tries < MOST_TRIES) await pause(100);
    else
      throw new InputError(
        `${folder}: is being done with other settings by ${holderName(taken.holder)}. Wait until it has ended, or choose another folder.`,
      );
  }
}

/** @throws {InputError} where the folder is no job's, or its request is none that this version knows. */
export async function readRequest(folder: string): Promise<JobRequest> {
  const path = join(folder, JOB_FILES.request);
  const request = await readWholeJson(path, jobRequest);
  if (request === undefined)
    throw new InputError(
      `${path}: not found, or not whole. Is ${folder} a folder that \`subspace sweep\` or \`extract\` planned?`,
    );
  return request;
}

/** What a job's work is given besides its request. */
export interface JobContext {
  readonly signal?: AbortSignal;
  readonly onWarning?: (problem: Problem) => void;
  readonly onProgress?: (progress: JobProgress) => void;
  /** For an extraction: its encoder, where that is open already. */
  readonly encoder?: Encoder;
}
