import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { withHdf5 } from '../cohort/hdf5.js';
import { appendLine } from '../files/atomic.js';
import { UserError } from '../files/user-error.js';
import { WorkError } from '../files/work-error.js';
import { extractSlide, type ExtractedSlide, type ExtractionSettings } from './extract-slide.js';
import { slideError } from './problem.js';
import { openReader, type SlideReader } from './reader.js';
import { settingsText } from './settings.js';
import { slideFiles, slideName } from './slide-files.js';

export interface ExtractOptions extends ExtractionSettings {
  /** Slides, or folders of slides. */
  readonly slides: readonly string[];
  /** Folder for the feature files, `extraction.jsonl` and `overview/`. */
  readonly out: string;
  /** Whether feature files that were made with other settings are replaced. */
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onPatches?: (slide: string, done: number, of: number) => void;
  readonly onSlide?: (record: SlideRecord, done: number, of: number) => void;
}

/** What was done with a slide, or why not. */
export type SlideRecord = { readonly slide: string; readonly file: string } & (
  | ({ readonly status: 'done' } & ExtractedSlide)
  | { readonly status: 'present' }
  | { readonly status: 'failed'; readonly message: string; readonly badInput: boolean }
);

/**
 * Extracts the features of many slides. A slide whose feature file was made with the same settings is left as it is; one that fails
 * is reported and left out. Each slide that was worked on adds a line to `out/extraction.jsonl`.
 * @throws {UserError} where a slide is missing or two have one name; {@link WorkError} where nothing can be written, or it was stopped.
 */
export async function extract(options: ExtractOptions): Promise<SlideRecord[]> {
  const { slides, out, onSlide } = options;
  const files = await slideFiles(slides);
  const readers = Array.from({ length: readerCount(availableParallelism()) }, openReader);
  const records: SlideRecord[] = [];
  try {
    for (const file of files) {
      const record = await recordOf(file, options, readers);
      if (record.status !== 'present') await appendLine(join(out, 'extraction.jsonl'), JSON.stringify(record));
      records.push(record);
      onSlide?.(record, records.length, files.length);
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
  return records;
}

/** A reader decodes with several threads of its own; each keeps a cache of tiles. */
const readerCount = (cores: number) => Math.min(3, Math.max(1, Math.floor(cores / 4)));

async function recordOf(file: string, options: ExtractOptions, readers: readonly SlideReader[]): Promise<SlideRecord> {
  const slide = slideName(file);
  try {
    if (await isPresent(file, options)) return { slide, file, status: 'present' };
    const { onPatches, signal, out } = options;
    const extracted = await extractSlide(file, out, options, readers, { signal, onPatches: onPatches && ((done, of) => { onPatches(slide, done, of); }) });
    return { slide, file, status: 'done', ...extracted };
  } catch (error) {
    if (error instanceof WorkError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { slide, file, status: 'failed', message, badInput: error instanceof UserError };
  }
}

/**
 * Whether the slide's features are there already.
 * @throws {UserError} where they were made with other settings.
 */
async function isPresent(file: string, options: ExtractOptions): Promise<boolean> {
  const { out, overwrite, cutting } = options;
  const path = join(out, `${slideName(file)}.h5`);
  if (!existsSync(path)) return false;
  const found = await withHdf5(path, ({ attrs }) => ('extraction' in attrs ? String(attrs['extraction']!.value) : '')).catch(() => '');
  const { size } = await stat(file);
  // Whether the objective was needed, only the slide could tell.
  if ([undefined, cutting.objective].some((objective) => found === settingsText(size, options, objective))) return true;
  if (overwrite) return false;
  throw slideError(path, 'features are there already, of another slide file or made with other settings', 'Choose another --out, or replace them with --overwrite');
}
