import { join } from 'node:path';
import { z } from 'zod';
import { readWholeJson } from '../files/file-source.js';
import { readAttempts } from './attempts.js';
import { JOB_FILES, type JobProgress, type JobRequest } from './job.js';
import { lockHolder, type Holder } from '../files/lock.js';
import { trainingProgress } from './training-job.js';

/** Where a job stands, as its folder tells. */
export type JobState =
  | { readonly state: 'waiting' | 'done' }
  | { readonly state: 'running'; readonly holder: Holder }
  /** Stopped or killed: the same command goes on with it. Failed: it is run again where that is asked for. */
  | { readonly state: 'stopped'; readonly message: string }
  | { readonly state: 'failed'; readonly message: string; readonly badInput?: boolean };

/** Whether a job's result is there, whole. */
export async function isDone(folder: string): Promise<boolean> {
  return (await readWholeJson(join(folder, JOB_FILES.result), z.unknown())) !== undefined;
}

/** @param knownGone see `acquireLock` */
export async function jobState(folder: string, knownGone?: (holder: Holder) => boolean): Promise<JobState> {
  if (await isDone(folder)) return { state: 'done' };
  const holder = await lockHolder(join(folder, JOB_FILES.lock), knownGone);
  if (holder) return { state: 'running', holder };
  const last = (await readAttempts(folder)).at(-1);
  if (last === undefined) return { state: 'waiting' };
  if (last.outcome === 'failed')
    return { state: 'failed', message: last.message ?? 'without a word', badInput: last.badInput };
  const silent =
    last.outcome === undefined ? `ended without a word on ${last.host}: killed, or out of memory` : 'before its end';
  return { state: 'stopped', message: last.message ?? silent };
}

/** How far a job is, as its folder tells: whole epochs of a training; of an extraction, nothing or the slide. */
export async function jobProgress(folder: string, request: JobRequest): Promise<JobProgress> {
  if (request.kind === 'training') return trainingProgress(folder, request.config);
  return { done: (await isDone(folder)) ? 1 : 0, of: 1 };
}
