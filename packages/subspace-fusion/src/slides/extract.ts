import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { removeTemporaries } from '../files/atomic.js';
import { withFile } from '../files/file-source.js';
import { withHdf5 } from '../files/hdf5.js';
import { extractSlide, settingsText, type ExtractedSlide, type ExtractionSettings } from './extract-slide.js';
import { openReader } from './reader.js';
import { extractedFiles, slideName } from './slide-files.js';
import { slideError } from './slide.js';

export interface ExtractOptions extends ExtractionSettings {
  /** Folder for the feature file and `overview/`. */
  readonly out: string;
  /** Whether a feature file that was made with other settings is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Cores that are there for this slide; by default all. They decide how many threads read it. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onPatches?: ((done: number, of: number) => void) | undefined;
}

/** What was done with a slide. `present`: its features were there already. */
export type ExtractedRecord = { readonly slide: string; readonly file: string } & (
  ({ readonly status: 'done' } & ExtractedSlide) | { readonly status: 'present' }
);

/**
 * Extracts the features of one slide, unless its feature file was made with the same settings.
 * @throws as {@link extractSlide} and {@link hasFeatures} do.
 */
export async function extract(file: string, options: ExtractOptions): Promise<ExtractedRecord> {
  const { out, threads = availableParallelism(), signal, onPatches } = options;
  const slide = slideName(file);
  if (await hasFeatures(file, options)) return { slide, file, status: 'present' };
  const readers = Array.from({ length: readerCount(threads) }, openReader);
  try {
    return { slide, file, status: 'done', ...(await extractSlide(file, out, options, readers, { signal, onPatches })) };
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

/**
 * Removes what killed processes left of a slide's files, on other machines, too. The caller holds the lock of the slide's job: nobody else is extracting it.
 */
export async function removeLeftovers(out: string, slide: string): Promise<void> {
  for (const path of Object.values(extractedFiles(out, slide))) await removeTemporaries(path);
}

/** A reader decodes with several threads of its own; each keeps a cache of tiles. */
const readerCount = (cores: number) => Math.min(3, Math.max(1, Math.floor(cores / 4)));

const NAMES = ['extraction'];

/**
 * Whether the slide's features are there already.
 * @throws {InputError} where they were made with other settings and may not be replaced.
 */
export async function hasFeatures(
  file: string,
  options: Pick<ExtractOptions, 'out' | 'overwrite' | keyof ExtractionSettings>,
): Promise<boolean> {
  const { out, overwrite, cutting } = options;
  const { features: path } = extractedFiles(out, slideName(file));
  if (!existsSync(path)) return false;
  const found = await withFile(path, (source) =>
    withHdf5(source, async (hdf5) => (await hdf5.attributes(hdf5.root, NAMES))['extraction'], {
      names: [],
      attributes: NAMES,
    }),
  ).catch(() => undefined);
  const { size } = await stat(file);
  // Whether the objective was needed, only the slide could tell.
  if ([undefined, cutting.objective].some((objective) => found === settingsText(size, options, objective))) return true;
  if (overwrite) return false;
  throw slideError(
    path,
    'features are there already, of another slide file or made with other settings',
    'Choose another --out, or replace them with --overwrite',
  );
}
