import { badInput, type Problem } from '../../files/errors.js';
import { readHeader, readTable } from '../../files/file-source.js';
import { isMissing } from '../../files/table.js';
import { suggest } from '../../files/text.js';
import { isMcatMatrix, isMcatNumber } from '../expression/matrices.js';
import type { TimeUnit } from '../types.js';
import { patientOf } from './sites.js';

export const CLINICAL_FORMATS = ['csv', 'cbioportal', 'gdc', 'mcat'] as const;
export type ClinicalFormat = (typeof CLINICAL_FORMATS)[number];

/** A cell as the user's file has it; an unknown one is an empty string. */
export interface Cell {
  readonly file: string;
  readonly row: number;
  readonly column: string;
  readonly text: string;
}

/** One row of a clinical file; an unknown cell is an empty string. */
export interface ClinicalRow {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly cells: Readonly<Record<string, string>>;
  /** The user's cells that columns of ours were made of (`os_time`). */
  readonly madeOf?: Readonly<Partial<Record<string, Cell>>>;
  /** Rows of several files that it was joined from. */
  readonly parts?: readonly ClinicalRow[];
}

/** What a format's reader hands over: rows by patient id, and what the format says of survival. */
export interface ClinicalSource {
  readonly format: ClinicalFormat;
  readonly file: string;
  readonly columns: readonly string[];
  /** Column that the ids are from. */
  readonly patient: string;
  readonly rows: readonly ClinicalRow[];
  /** Columns of time and event where the format fixes them, and the unit of the time. */
  readonly survival?: { readonly time: string; readonly event: string; readonly unit: TimeUnit };
}

/** The user's cell behind a column of a row: the one that the column was made of, in the file that it was joined from. */
export function userCell(row: ClinicalRow, column: string): Cell {
  const made = row.madeOf?.[column];
  if (made) return made;
  const text = row.cells[column] ?? '';
  const { file, line } = row.parts?.find(({ cells }) => cells[column] === text) ?? row;
  return { file, row: line, column, text };
}

/** A row's known cells by column; unknown ones are empty. */
export const cellsOf = (columns: readonly string[], cells: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((column, i) => [column, isMissing(cells[i]) ? '' : cells[i]]));

/** Columns of the patient by format; the config's own choice comes first wherever the file has it. */
const CBIOPORTAL_PATIENT = 'PATIENT_ID';
const MCAT_PATIENT = 'case_id';

/**
 * Reads one clinical file that is none of the GDC's. By its header it is cBioPortal's (`PATIENT_ID`, in capitals), a table of MCAT (`case_id` with
 * `censorship` or `*_rnaseq` columns, of which only the clinical ones are kept), or any other.
 * Columns of one name that differ go to `problems`.
 * @throws {InputError} for a file that cannot be read or has no column of patients.
 */
export async function readSource(file: string, patient: string, problems: Problem[]): Promise<ClinicalSource> {
  const header = await readHeader(file);
  const mcat = header.includes(MCAT_PATIENT) && (header.includes('censorship') || isMcatMatrix(header));
  const cbioportal = header.includes(CBIOPORTAL_PATIENT);
  const fallback = cbioportal ? CBIOPORTAL_PATIENT : mcat ? MCAT_PATIENT : undefined;
  const column = header.includes(patient) ? patient : fallback;
  const { columns, rows, line } = await readTable(file, (name) => name !== '' && !isMcatNumber(name), problems);
  if (column === undefined || !columns.includes(column)) {
    throw badInput({
      file,
      row: line,
      message: `there is no column '${patient}' (clinical.patient)`,
      remedy: suggest(patient, columns),
    });
  }
  const read = rows.map(({ line, cells }): ClinicalRow => {
    const known = cellsOf(columns, cells);
    return { file, line, id: known[column], cells: known };
  });
  const has = (...names: string[]) => names.every((name) => columns.includes(name));
  const common = { file, columns, patient: column, rows: read };
  if (mcat) {
    const survival = has('survival_months', 'censorship')
      ? ({ time: 'survival_months', event: 'censorship', unit: 'months' } as const)
      : undefined;
    return { ...common, format: 'mcat', rows: withoutSlideRows(read), survival };
  }
  if (!cbioportal) return { ...common, format: 'csv' };
  const survival = has('OS_MONTHS', 'OS_STATUS')
    ? ({ time: 'OS_MONTHS', event: 'OS_STATUS', unit: 'months' } as const)
    : undefined;
  return { ...common, format: 'cbioportal', survival };
}

/** Columns that name the slide of a row, and the row. */
const SLIDE = /^(slide_id|unnamed: 0|)$/i;

/** MCAT has a row a slide: rows of a patient that differ only in the slide are one. */
function withoutSlideRows(rows: readonly ClinicalRow[]): ClinicalRow[] {
  const seen = new Set<string>();
  return rows.filter(({ id, cells }) => {
    const key = JSON.stringify([patientOf(id), Object.entries(cells).filter(([column]) => !SLIDE.test(column))]);
    if (id !== '' && seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
