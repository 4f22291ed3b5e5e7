import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { InputError, required } from '../files/errors.js';
import { readWholeJson } from '../files/file-source.js';
import { requirePlainName } from '../files/plain-name.js';
import type { Encoder } from '../slides/encoder.js';
import { hasFeatures, removeLeftovers, type ExtractedRecord } from '../slides/extract.js';
import { slideFiles, slideName } from '../slides/slide-files.js';
import { isDone, jobState } from './job-state.js';
import { JOB_FILES, jobRequest, type ExtractionRequest, type Job, type JobEnd } from './job.js';
import { acquireLock } from '../files/lock.js';
import { runJobs, type Executor, type JobsEvents } from './run-jobs.js';
import { statusOf, type RunStatus } from './status.js';

/** What is to be extracted, and how. */
export interface ExtractionPlan extends Omit<ExtractionRequest, 'kind' | 'slide' | 'encoder'> {
  /** Slides, or folders of slides. */
  readonly slides: readonly string[];
  /** The encoder's ONNX file. */
  readonly encoder: string;
}

const ofSlide = { slide: z.string(), file: z.string() };

/** `result.json` of an extraction: what was done with the slide. */
const extractedRecord = z.discriminatedUnion('status', [
  z.object({
    ...ofSlide,
    status: z.literal('done'),
    patches: z.number(),
    tissue: z.number(),
    level0Magnification: z.number(),
    warnings: z.array(z.string()).optional(),
    seconds: z.number(),
  }),
  z.object({ ...ofSlide, status: z.literal('present') }),
]) satisfies z.ZodType<ExtractedRecord>;

/** What came of a slide, or why nothing did. */
export type SlideRecord =
  | ExtractedRecord
  | {
      readonly slide: string;
      readonly file: string;
      readonly status: 'failed';
      readonly message: string;
      readonly badInput: boolean;
    }
  /** Killed, cancelled, or being done by another process. */
  | { readonly slide: string; readonly file: string; readonly status: 'stopped'; readonly message: string };

/** A plan with a job for each slide that has one. */
export interface Extraction {
  /** Holds the feature files, `extraction.jsonl`, `overview/`, and `jobs/` with a folder for each slide. */
  readonly out: string;
  /** Names of all slides, in their order. */
  readonly slides: readonly string[];
  /** Slides that need no job: their features are there, or are others and may not be replaced. */
  readonly settled: readonly SlideRecord[];
  readonly jobs: readonly SlideJob[];
}

/** A slide's job; it is named like the slide. */
interface SlideJob extends Job {
  readonly request: ExtractionRequest;
}

const EXTRACTION_FILE = 'extraction.jsonl';

/**
 * Finds the slides and what is to be done of them. Two calls for one folder plan a slide in the same job folder, so that only one of
 * them does it. Writes nothing.
 * @param encoder the plan's, open
 * @throws InputError where a slide is missing or two have one name
 */
export async function planExtraction(
  { slides, encoder: encoderFile, ...plan }: ExtractionPlan,
  encoder: Encoder,
): Promise<Extraction> {
  const out = resolve(plan.out);
  const files = (await slideFiles(slides)).map((file) => resolve(file));
  const config = Object.fromEntries(Object.entries(encoder.config).map(([key, value]) => [key, JSON.stringify(value)]));
  const settled: SlideRecord[] = [];
  const jobs: SlideJob[] = [];
  for (const file of [...files, out]) requirePlainName(file, file === out ? 'output path' : 'slide');
  for (const file of files) {
    const record = await settledRecord(file, { ...plan, out, encoder });
    if (record) {
      settled.push(record);
      continue;
    }
    const name = slideName(file);
    const { size: bytes } = await stat(file);
    const request = {
      ...plan,
      kind: 'extraction',
      slide: { file, bytes },
      out,
      encoder: { file: resolve(encoderFile), sha256: encoder.sha256, config },
    } as const;
    jobs.push({ name, folder: join(out, 'jobs', name), request });
  }
  return { out, slides: files.map(slideName), settled, jobs };
}

async function settledRecord(
  file: string,
  options: Parameters<typeof hasFeatures>[1],
): Promise<SlideRecord | undefined> {
  const slide = slideName(file);
  try {
    return (await hasFeatures(file, options)) ? { slide, file, status: 'present' } : undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { slide, file, status: 'failed', message: error.message, badInput: true };
  }
}

export interface ExtractionEvents extends Omit<JobsEvents, 'onEnd'> {
  readonly retryFailed: boolean;
  readonly onSlide?: (record: SlideRecord, done: number, of: number) => void;
}

/**
 * Extracts what is not there, and writes the list of all, also where it was stopped on the way. Slides that failed with the same
 * settings are tried again only where `retryFailed` says so. Returns a record for each slide, in their order.
 * @throws Interrupted where the signal says so (the same call goes on)
 */
export async function runExtraction(
  extraction: Extraction,
  execute: Executor,
  { onSlide, ...events }: ExtractionEvents,
): Promise<SlideRecord[]> {
  const records = new Map<string, SlideRecord>();
  const report = (record: SlideRecord) => {
    if (records.has(record.slide)) return;
    records.set(record.slide, record);
    onSlide?.(record, records.size, extraction.slides.length);
  };
  extraction.settled.forEach(report);
  await makeFolder(extraction.out);
  try {
    for (const { slide } of extraction.settled) await clearAway(extraction.out, slide);
    for (const job of extraction.jobs) await forgetWhatIsOutdated(job);
    const onEnd = async (job: Job, end: JobEnd) => {
      report(await recordOf(job as SlideJob, end));
    };
    const ends = await runJobs(extraction.jobs, execute, { ...events, onEnd });
    for (const [i, job] of extraction.jobs.entries()) report(await recordOf(job, ends[i])); // those that had failed before
  } finally {
    await writeList(extraction);
  }
  return extraction.slides.map((slide) => required(records, slide));
}

/** Removes what killed processes left of a slide that needs no job, its lock too. One that is being extracted is left alone. */
async function clearAway(out: string, slide: string): Promise<void> {
  const folder = join(out, 'jobs', slide);
  if (!existsSync(folder)) return;
  const taken = await acquireLock(join(folder, JOB_FILES.lock));
  if ('holder' in taken) return;
  try {
    await removeLeftovers(out, slide);
  } finally {
    await taken.lock.release();
  }
}

/** Where each slide stands. Writes nothing. */
export async function extractionStatus({ out, slides, settled, jobs }: Extraction): Promise<RunStatus[]> {
  const known = new Map<string, RunStatus>();
  for (const record of settled) {
    const [state, detail] =
      record.status === 'failed' ? (['failed', record.message] as const) : (['done', ''] as const);
    known.set(record.slide, { name: record.slide, folder: join(out, 'jobs', record.slide), state, detail });
  }
  const status = await statusOf(out, jobs);
  for (const [i, job] of jobs.entries()) {
    const { state } = status[i];
    const isOver = state === 'done' || state === 'stopped' || state === 'failed';
    known.set(job.name, isOver && (await isOutdated(job)) ? { ...status[i], state: 'waiting', detail: '' } : status[i]);
  }
  return slides.map((slide) => required(known, slide));
}

/** Whether what a job's folder tells is of other settings, or of a feature file that is gone. */
async function isOutdated(job: SlideJob): Promise<boolean> {
  const before = await plannedBefore(job.folder);
  if (before && !isDeepStrictEqual(whatDecides(before), whatDecides(job.request))) return true;
  return (await isDone(job.folder)) && !existsSync(join(job.request.out, `${job.name}.h5`));
}

/** What a folder asks for already; undefined where it asks for nothing, or for no extraction. */
async function plannedBefore(folder: string): Promise<ExtractionRequest | undefined> {
  const request = await readWholeJson(join(folder, JOB_FILES.request), jobRequest);
  return request?.kind === 'extraction' ? request : undefined;
}

/** What decides the features of a slide. Threads, batch and provider only change their rounding. */
const whatDecides = ({ slide, encoder, cutting, fix }: ExtractionRequest) => [
  slide,
  encoder,
  withoutAbsent(cutting),
  fix,
];

/** A key that is there without a value is not there in JSON. */
const withoutAbsent = (keys: object) =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

/** Other settings are a new job. One that another process is doing is left to it. */
async function forgetWhatIsOutdated(job: SlideJob): Promise<void> {
  if (!(await isOutdated(job))) return;
  const taken = await acquireLock(join(job.folder, JOB_FILES.lock));
  if ('holder' in taken) return;
  try {
    for (const file of [JOB_FILES.result, JOB_FILES.attempts]) await rm(join(job.folder, file), { force: true });
  } finally {
    await taken.lock.release();
  }
}

async function recordOf(
  {
    name: slide,
    folder,
    request: {
      slide: { file },
    },
  }: SlideJob,
  { outcome, message = outcome, badInput = false }: JobEnd,
): Promise<SlideRecord> {
  if (outcome === 'done') {
    const record = await readWholeJson(join(folder, JOB_FILES.result), extractedRecord);
    if (record) return record;
  }
  const told = message.startsWith(file) ? message : `${slide}: ${message}`;
  return outcome === 'failed'
    ? { slide, file, status: 'failed', message: told, badInput }
    : { slide, file, status: 'stopped', message: told };
}

/**
 * Writes `extraction.jsonl`: a line for each slide that some call did, or tried, and for those of this one. Gathered from the jobs'
 * folders, it is the same whoever writes it last.
 */
async function writeList({ out, settled }: Extraction): Promise<void> {
  const records = new Map(settled.map((record) => [record.slide, record]));
  for (const slide of await readdir(join(out, 'jobs')).catch(() => [])) {
    const folder = join(out, 'jobs', slide);
    const { state, ...why } = await jobState(folder);
    const request = await plannedBefore(folder);
    if (!request || state === 'waiting' || state === 'running') continue;
    if (state === 'done' || !records.has(slide))
      records.set(slide, await recordOf({ name: slide, folder, request }, { outcome: state, ...why }));
  }
  const lines = [...records.values()]
    .sort((a, b) => (a.slide < b.slide ? -1 : 1))
    .map((record) => `${JSON.stringify(record)}\n`);
  await writeFileAtomic(join(out, EXTRACTION_FILE), lines.join(''));
}
