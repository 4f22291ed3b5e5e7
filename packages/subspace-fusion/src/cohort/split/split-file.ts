import { append } from '../../files/lists.js';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { badInput, counted, InputError, someOf, type Problem } from '../../files/errors.js';
import { readTable } from '../../files/file-source.js';
import type { Table } from '../../files/table.js';
import type { Patient } from '../types.js';

/** Patient ids of the parts as a file names them; `validation` is undefined where the file leaves it to us. */
export interface NamedParts {
  readonly train: readonly string[];
  readonly validation: readonly string[] | undefined;
  readonly test: readonly string[];
}

type PartName = 'train' | 'validation' | 'test';

/** One patient's place in a part. */
interface Assignment {
  readonly part: PartName;
  readonly patient: string;
  readonly row: number;
}

/**
 * Reads a published split. Forms:
 * - a table `patient_id,fold` with `fold` k: the patients of fold k are the test part;
 * - MCAT and CLAM `splits_k.csv`: columns `train`, `val`, `test` that list patients or slides. With `train` and
 *   `val` only, `val` is the test part; with `train` and `test` only, nobody is in the validation part;
 * - CLAM `splits_k_bool.csv`: one row a patient or slide, the columns `train`, `val`, `test` true or false;
 * - a folder with `splits_0.csv`, `splits_1.csv`, …, of which `fold` names one.
 *
 * Names that are no patient of the cohort are counted in `problems`, and a `fold` that the file does not know is stated.
 * @throws {InputError} for a file of none of these forms, a missing `fold`, or a patient in two parts (in CLAM's forms by two slides).
 */
export async function readSplitFile(
  path: string,
  fold: number | undefined,
  patients: readonly Patient[],
  problems: Problem[],
): Promise<NamedParts> {
  const folder = await isFolder(path);
  const file = folder ? join(path, `splits_${requireFold(path, fold)}.csv`) : path;
  const table = await readTable(file);
  if (!folder && fold !== undefined) append(problems, ignoredFold(table, fold));
  const patientOf = new Map(
    patients.flatMap(({ id, bags }) => [[id, id] as const, ...bags.map(({ slide }) => [slide, id] as const)]),
  );
  const strangers = new Set<string>();
  const assignments: Assignment[] = [];
  for (const { part, name, row } of namesByPart(table, fold)) {
    const patient = patientOf.get(name) ?? patientOf.get(name.replace(/\.[A-Za-z0-9]+$/, ''));
    if (patient === undefined) strangers.add(name);
    else assignments.push({ part, patient, row });
  }
  if (strangers.size > 0) {
    const message = `${counted(strangers.size, 'name is', 'names are')} no patient or slide of the cohort (${someOf(strangers)})`;
    problems.push({ severity: 'warning', file, message, remedy: 'They are left out' });
  }
  const parts = onePartEach(file, assignments);
  if (parts.test.length > 0)
    return { ...parts, validation: parts.validation.length > 0 ? parts.validation : undefined };
  // `train` and `val` only: the published validation part is what others report on, so it is our test.
  return { train: parts.train, validation: undefined, test: parts.validation };
}

/**
 * The folds of a published split, in order: those of a table `patient_id,fold`, or of the files of a folder.
 * @throws {InputError} where there are fewer than two, as in a single `splits_k.csv`.
 */
export async function splitFileFolds(path: string): Promise<number[]> {
  const folds = await foldsIn(path);
  if (folds.length < 2) {
    const remedy = "Name a table 'patient_id,fold', or the folder with splits_0.csv, splits_1.csv, …";
    throw badInput({
      file: path,
      message: `cross-validation needs two folds, and this holds ${Math.max(1, folds.length)}`,
      remedy,
    });
  }
  return folds;
}

/** Numbers of the folds that a split file or folder tells apart, in order; none of a single `splits_k.csv`. */
export async function foldsIn(path: string): Promise<number[]> {
  const folds = (await isFolder(path))
    ? (await readdir(path)).flatMap((file) => /^splits_(\d+)\.csv$/.exec(file)?.[1] ?? [])
    : foldColumnOf(await readTable(path));
  return [...new Set(folds.map(Number))].sort((a, b) => a - b);
}

/** A fold that is asked of a file which is a single one. */
function ignoredFold({ file, columns }: Table, fold: number): Problem[] {
  if (columns.includes('fold') || basename(file).startsWith(`splits_${fold}.`)) return [];
  const message = `split.fold is ${fold}, and the file is of one fold only`;
  return [{ severity: 'warning', file, message, remedy: 'The file is used; name its folder to choose a fold' }];
}

function foldColumnOf({ columns, rows }: Table): string[] {
  const at = columns.indexOf('fold');
  return at < 0 ? [] : rows.map(({ cells }) => cells[at]);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function requireFold(file: string, fold: number | undefined): number {
  if (fold === undefined)
    throw badInput({
      file,
      message: "there are several folds and 'split.fold' names none",
      remedy: 'Set split.fold, from 0',
    });
  return fold;
}

interface NameInPart {
  readonly part: PartName;
  readonly name: string;
  readonly row: number;
}

const COLUMNS: readonly (readonly [string, PartName])[] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
];

/** The names of each part, whichever of the forms the table has. */
function namesByPart(table: Table, fold: number | undefined): NameInPart[] {
  const { file, columns, rows } = table;
  const foldColumn = columns.indexOf('fold');
  if (foldColumn >= 0) return namesByFold(table, foldColumn, requireFold(file, fold));
  const lists = COLUMNS.flatMap(([column, part]) =>
    columns.includes(column) ? [{ part, at: columns.indexOf(column) }] : [],
  );
  if (!columns.includes('train') || lists.length < 2) {
    throw badInput({
      file,
      row: 1,
      message: `the columns are ${columns.join(', ')}`,
      remedy: "A split file has the columns 'patient_id,fold', or 'train' with 'val', 'test' or both",
    });
  }
  const cells = rows.flatMap(({ line, cells }) =>
    lists.map(({ part, at }) => ({ part, cell: cells[at], name: cells[0], row: line })),
  );
  const isTrue = (cell: string) => /^true$/i.test(cell);
  const boolean = cells.every(({ cell }) => /^(true|false)$/i.test(cell));
  return boolean
    ? cells.filter(({ cell }) => isTrue(cell)).map(({ part, name, row }) => ({ part, name, row }))
    : cells.filter(({ cell }) => cell !== '').map(({ part, cell, row }) => ({ part, name: cell, row }));
}

function namesByFold({ file, columns, rows }: Table, foldColumn: number, fold: number): NameInPart[] {
  const nameColumn = columns.includes('patient_id') ? columns.indexOf('patient_id') : 0;
  const named = rows.map(({ line, cells }): NameInPart => {
    const own = Number(cells[foldColumn]);
    if (cells[foldColumn] === '' || !Number.isInteger(own)) {
      throw badInput({
        file,
        row: line,
        message: `the fold is '${cells[foldColumn]}'`,
        remedy: 'Number the folds from 0',
      });
    }
    return { part: own === fold ? 'validation' : 'train', name: cells[nameColumn], row: line };
  });
  if (!named.some(({ part }) => part === 'validation')) {
    const folds = [...new Set(rows.map(({ cells }) => cells[foldColumn]))].sort();
    throw badInput({
      file,
      message: `there is no fold ${fold}`,
      remedy: `Set split.fold to one of ${folds.join(', ')}`,
    });
  }
  return named;
}

/** Each patient's part once. Throws {@link InputError} for patients in two parts: the test would not be a test. */
function onePartEach(file: string, assignments: readonly Assignment[]): Record<PartName, string[]> {
  const parts: Record<PartName, string[]> = { train: [], validation: [], test: [] };
  const partOf = new Map<string, PartName>();
  const problems: Problem[] = [];
  for (const { part, patient, row } of assignments) {
    const before = partOf.get(patient);
    if (before === undefined) {
      partOf.set(patient, part);
      parts[part].push(patient);
    } else if (before !== part) {
      const message = `the patient is in the ${before} part and in the ${part} part`;
      const remedy = 'Split by patient, not by slide';
      problems.push({ severity: 'error', file, row, message, examples: [patient], remedy });
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return parts;
}
