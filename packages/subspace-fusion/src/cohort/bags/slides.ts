import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Config } from '../../config/config.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { readHeader, readTable } from '../../files/file-source.js';
import { isBagName } from '../../files/signature.js';
import { suggest } from '../../files/text.js';
import { parseBarcode, patientOf } from '../clinical/sites.js';
import type { BagFile } from '../types.js';

/** Which feature files belong to which patient. */
export interface Slides {
  readonly byPatient: ReadonlyMap<string, readonly BagFile[]>;
  /** Feature files that belong to no patient of the clinical table. */
  readonly others: readonly string[];
}

/** The longest beginning of `stem` that is a key and ends where a word ends: `P1` is not the patient of `P10.h5`. */
function longestPrefix<T>(stem: string, keys: ReadonlyMap<string, T>): T | undefined {
  for (let end = stem.length; end > 0; end--) {
    const wordEnds = end === stem.length || !/[A-Za-z0-9]/.test(stem[end]);
    const found = wordEnds ? keys.get(stem.slice(0, end)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const withoutExtension = (name: string) =>
  name.replace(/\.(svs|tiff?|ndpi|mrxs|scn|h5|hdf5|pth?|npy|safetensors)$/i, '');

/** Names of the columns of a slide table, here and in MCAT's. */
const SLIDE_TABLE = [['patient_id', 'case_id'], ['slide_id']] as const;

/** Reads `patient_id,slide_id`: slide id without its extension → patient. Slides of patients that nobody knows are left out. */
async function readSlideTable(
  file: string,
  patients: ReadonlySet<string>,
  problems: Problem[],
): Promise<Map<string, string>> {
  const isNeeded = (column: string) => SLIDE_TABLE.flat().some((name) => name === column);
  const columns = await readHeader(file);
  for (const [column, ...others] of SLIDE_TABLE) {
    if ([column, ...others].some((name) => columns.includes(name))) continue;
    throw badInput({ file, row: 1, message: `there is no column '${column}'`, remedy: suggest(column, columns) });
  }
  const { columns: kept, rows } = await readTable(file, isNeeded);
  const [patientColumn, slideColumn] = SLIDE_TABLE.map((names) =>
    kept.findIndex((column) => column === names.find((name) => kept.includes(name))),
  ) as [number, number];
  const patientOfSlide = new Map<string, string>();
  const owners = new Map<string, string>();
  const strangers = new Set<string>();
  for (const { line, cells } of rows) {
    const [patient, slide] = [patientOf(cells[patientColumn]), withoutExtension(cells[slideColumn])];
    const before = owners.get(slide) ?? patient;
    if (before !== patient) {
      const examples = [`${slide}: ${before}, ${patient}`];
      const message = 'the slide is given to two patients';
      problems.push({ severity: 'error', file, row: line, message, examples, remedy: 'Give it to one patient' });
    }
    owners.set(slide, before);
    if (patients.has(patient)) patientOfSlide.set(slide, patient);
    else strangers.add(patient);
  }
  if (strangers.size > 0) {
    const message = `${counted(strangers.size, 'patient is', 'patients are')} not in the clinical table (${someOf(strangers)})`;
    problems.push({ severity: 'warning', file, message, remedy: 'Their slides are not used' });
  }
  return patientOfSlide;
}

/**
 * Lists the feature files of all formats and gives each to a patient: by the slide table where there is one, otherwise to the
 * patient whose id the file name starts with. Opens none of them.
 * @throws {InputError} for a folder that is missing or has no feature file, or a slide table that cannot be read.
 */
export async function findSlides(
  config: Config['features'],
  patientIds: Iterable<string>,
  problems: Problem[],
): Promise<Slides> {
  const { folder } = config;
  const names = await readdir(folder).catch(() => undefined);
  if (!names)
    throw badInput({ file: folder, message: 'the feature folder does not exist', remedy: 'Check features.folder' });
  const files = names.filter(isBagName).sort();
  if (files.length === 0) {
    const inside = names.find((name) => name === 'h5_files' || name === 'pt_files' || name.startsWith('features_'));
    const remedy =
      inside === undefined
        ? 'Extract the features first, one file a slide'
        : `Set features.folder to ${join(folder, inside)}`;
    throw badInput({ file: folder, message: 'the folder has no .h5 file, nor .pt, .npy or .safetensors', remedy });
  }
  const ids = new Set(patientIds);
  const owners = config.slides
    ? await readSlideTable(config.slides, ids, problems)
    : new Map([...ids].map((id) => [id, id]));
  const byPatient = new Map<string, BagFile[]>();
  const others: string[] = [];
  const slides = new Map<string, string>();
  for (const file of files) {
    // Some systems write the names of files with marks apart from their letters (NFD).
    const slide = basename(file, extname(file)).normalize();
    const twin = slides.get(slide);
    if (twin !== undefined) {
      const message = `the slide '${slide}' stands there twice, as ${twin} and as ${file}`;
      problems.push({ severity: 'error', file: folder, message, remedy: 'Keep one of them' });
    }
    slides.set(slide, file);
    // A barcode in another case, or with points for hyphens, is still its patient's.
    const barcode = config.slides === undefined ? parseBarcode(slide)?.patient : undefined;
    const patient = longestPrefix(slide, owners) ?? (barcode && owners.get(barcode));
    if (patient === undefined) others.push(file);
    else byPatient.set(patient, [...(byPatient.get(patient) ?? []), { slide, path: join(folder, file) }]);
  }
  return { byPatient, others };
}
