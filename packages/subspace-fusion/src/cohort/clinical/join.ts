import { counted, someOf, type Problem } from '../../files/errors.js';
import { append } from '../../files/lists.js';
import { chooseSamples, sampleProblems, type Sample } from '../expression/samples.js';
import { parseBarcode, patientOf } from './sites.js';
import type { ClinicalRow, ClinicalSource } from './source.js';

/** Rows of one patient, by TCGA barcodes of several samples, become one; other repetitions, and rows of nobody, go to `problems`. */
export function onePatientARow(source: ClinicalSource, problems: Problem[]): ClinicalSource {
  const { file, rows } = source;
  const named: ClinicalRow[] = [];
  for (const row of rows) {
    if (row.id !== '') named.push(row);
    else
      problems.push({
        severity: 'error',
        file: row.file,
        row: row.line,
        message: 'the row has no patient id',
        remedy: 'Fill it in or delete the row',
      });
  }
  const choice = chooseSamples(named.map(sampleOfRow), undefined);
  append(problems, sampleProblems(file, choice));
  const patients = new Map<string, ClinicalRow>();
  for (const place of choice.places) {
    const row = named[place];
    const id = patientOf(row.id);
    const before = patients.get(id);
    if (before) problems.push(repeatedPatient(before, row));
    else patients.set(id, row.id === id ? row : { ...row, id });
  }
  return { ...source, rows: [...patients.values()] };
}

/** The sample that a row describes: by cBioPortal's SAMPLE_ID and SAMPLE_TYPE, or by the barcode of its id. */
function sampleOfRow({ id, cells }: ClinicalRow): Sample {
  const name = cells['SAMPLE_ID'] || id;
  const words = cells['SAMPLE_TYPE'] ?? '';
  const byWords = /primary/i.test(words) ? 1 : /recurren/i.test(words) ? 2 : /metasta/i.test(words) ? 6 : undefined;
  return { name, patient: patientOf(id), type: parseBarcode(name)?.sampleType ?? byWords };
}

/** Samples that the tables list (cBioPortal's SAMPLE_ID), by their names. */
export function listedSamples(sources: readonly ClinicalSource[]): Map<string, Sample> {
  const rows = sources.flatMap((source) => source.rows).filter(({ id, cells }) => id !== '' && cells['SAMPLE_ID']);
  return new Map(rows.map((row) => [row.cells['SAMPLE_ID'], sampleOfRow(row)]));
}

function repeatedPatient(before: ClinicalRow, row: ClinicalRow): Problem {
  const { file, line } = row;
  const different = Object.keys(row.cells).filter((column) => row.cells[column] !== before.cells[column]);
  if (different.length === 0) {
    const message = 'the patient has an earlier row with the same values';
    return { severity: 'warning', file, row: line, message, examples: [before.id], remedy: 'Delete one of the rows' };
  }
  return {
    severity: 'error',
    file,
    row: line,
    message: 'the patient has an earlier row with other values',
    examples: [`${before.id}: ${someOf(different)}`],
    remedy: 'Keep one row a patient; several slides of a patient are listed by features.slides',
  };
}

/** Rows by patient, and their columns. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly ClinicalRow[];
}

/** Joins the files by patient; of a column that two have, the first file's known value is kept, and a contradiction is stated. */
export function joinFiles([first, ...others]: readonly ClinicalSource[], problems: Problem[]): Rows {
  if (others.length === 0) return first;
  const columns = new Set(first.columns);
  const rows = new Map(first.rows.map((row) => [row.id, row]));
  for (const other of others) {
    const contradicting: string[] = [];
    for (const row of other.rows) {
      const before = rows.get(row.id);
      if (before) {
        const differs = (column: string) =>
          column !== other.patient &&
          before.cells[column] &&
          row.cells[column] &&
          before.cells[column] !== row.cells[column];
        for (const column of Object.keys(row.cells).filter(differs)) contradicting.push(`${column} of ${row.id}`);
      }
      rows.set(row.id, before ? joinRows(before, row) : row);
    }
    if (contradicting.length > 0) {
      const message = `${counted(contradicting.length, 'cell contradicts', 'cells contradict')} ${first.file} (${someOf(contradicting)})`;
      problems.push({ severity: 'warning', file: other.file, message, remedy: `Those of ${first.file} are used` });
    }
    for (const column of other.columns) columns.add(column);
  }
  const all = [...columns];
  // Of a patient whom one file lacks, that file's columns are unknown.
  const filled = [...rows.values()].map((row) => ({
    ...row,
    cells: Object.fromEntries(all.map((column) => [column, row.cells[column] ?? ''])),
  }));
  return { columns: all, rows: filled };
}

function joinRows(before: ClinicalRow, row: ClinicalRow): ClinicalRow {
  const cells = { ...before.cells };
  const madeOf = { ...before.madeOf };
  for (const [column, cell] of Object.entries(row.cells)) {
    if (cells[column]) continue;
    cells[column] = cell;
    const made = row.madeOf?.[column];
    if (cell !== '' && made) madeOf[column] = made;
  }
  return { ...before, cells, madeOf, parts: [...(before.parts ?? [before]), ...(row.parts ?? [row])] };
}
