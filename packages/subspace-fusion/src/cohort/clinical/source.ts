import { badInput } from '../../files/errors.js';
import { readHeader, readTable } from '../../files/file-source.js';
import { isMissing, repeatedNames } from '../../files/table.js';
import { suggest } from '../../files/text.js';
import { isMcatMatrix, isMcatNumber } from '../expression/matrices.js';
import type { TimeUnit } from '../types.js';
import { eventOf } from './outcome.js';
import { patientOf } from './sites.js';

export const CLINICAL_FORMATS = ['csv', 'cbioportal', 'gdc', 'mcat'] as const;
export type ClinicalFormat = (typeof CLINICAL_FORMATS)[number];

/** One row of a clinical file; an unknown cell is an empty string. */
export interface ClinicalRow {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly cells: Readonly<Record<string, string>>;
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

/** The column of the case, before and since the exports of 2024, which put the entity before each name. */
const GDC_CASE = /^(cases\.submitter_id|case_submitter_id)$/;

const VITAL_STATUS = 'vital_status';
const DEATH = 'days_to_death';
const FOLLOW_UP = ['days_to_last_follow_up', 'days_to_follow_up'];

/** `demographic.vital_status` → `vital_status`, where no other entity has a column of that name. */
function shortNames(columns: readonly string[]): string[] {
  const short = columns.map((column) => column.slice(column.lastIndexOf('.') + 1));
  const ambiguous = new Set(repeatedNames(short).map(({ name }) => name));
  return columns.map((column, i) =>
    GDC_CASE.test(column) ? 'case_submitter_id' : ambiguous.has(short[i]) ? column : short[i],
  );
}

/**
 * Reads the GDC's `clinical.tsv`: a row for every diagnosis and treatment of a case, `'--` for unknown. The rows of a case become one: of each
 * column the first known value, rows of the primary diagnosis first. `os_event` is added from `vital_status`, and `os_time`, in days:
 * `days_to_death` of the dead, the latest follow-up of the living. Who is dead on an unknown day has no time.
 */
async function readGdcRows(file: string): Promise<ClinicalSource> {
  const table = await readTable(file);
  const names = shortNames(table.columns);
  const cases = new Map<string, ClinicalRow[]>();
  for (const { line, cells } of table.rows) {
    const row = Object.fromEntries(names.map((name, i) => [name, isMissing(cells[i]) ? '' : cells[i]]));
    const id = row['case_submitter_id'];
    cases.set(id, [...(cases.get(id) ?? []), { file, line, id, cells: row }]);
  }
  const rows = [...cases.values()].map((own) => withSurvival(own, mergeRows(own)));
  return {
    format: 'gdc',
    file,
    columns: [...new Set([...names, 'os_time', 'os_event'])],
    patient: 'case_submitter_id',
    rows,
    survival: { time: 'os_time', event: 'os_event', unit: 'days' },
  };
}

const isPrimary = ({ cells }: ClinicalRow) =>
  /^true$/i.test(cells['diagnosis_is_primary_disease'] ?? '') ||
  /^primary$/i.test(cells['classification_of_tumor'] ?? '');

/** Of each column the first known value. */
function mergeRows(rows: readonly ClinicalRow[]): ClinicalRow {
  const ordered = [...rows.filter(isPrimary), ...rows.filter((row) => !isPrimary(row))];
  const cells = { ...ordered[0].cells };
  for (const row of ordered) for (const [column, cell] of Object.entries(row.cells)) cells[column] ||= cell;
  return { ...rows[0], cells };
}

function withSurvival(rows: readonly ClinicalRow[], merged: ClinicalRow): ClinicalRow {
  const dead = eventOf(merged.cells[VITAL_STATUS] ?? '', VITAL_STATUS);
  const followUps = rows
    .flatMap(({ cells }) => FOLLOW_UP.map((column) => cells[column] ?? ''))
    .filter((cell) => cell !== '');
  const latest = followUps.reduce((best, cell) => (best === '' || Number(cell) > Number(best) ? cell : best), '');
  const time = dead === undefined ? '' : dead ? (merged.cells[DEATH] ?? '') : latest;
  return {
    ...merged,
    cells: { ...merged.cells, os_time: time, os_event: dead === undefined ? '' : String(Number(dead)) },
  };
}

/** Columns of the patient by format; the config's own choice comes first wherever the file has it. */
const CBIOPORTAL_PATIENT = 'PATIENT_ID';
const MCAT_PATIENT = 'case_id';

/**
 * Reads one clinical file. By its header it is cBioPortal's (`PATIENT_ID`, in capitals), the GDC's (`case_submitter_id` or `cases.submitter_id`), a
 * table of MCAT (`case_id` with `censorship` or `*_rnaseq` columns, of which only the clinical ones are kept), or any other.
 * TCGA barcodes of samples become those of patients.
 * @throws {InputError} for a file that cannot be read or has no column of patients.
 */
export async function readSource(file: string, patient: string): Promise<ClinicalSource> {
  const header = await readHeader(file);
  const gdc = header.find((column) => GDC_CASE.test(column));
  if (gdc !== undefined && !header.includes(patient)) return readGdcRows(file);
  const mcat = header.includes(MCAT_PATIENT) && (header.includes('censorship') || isMcatMatrix(header));
  const cbioportal = header.includes(CBIOPORTAL_PATIENT);
  const fallback = cbioportal ? CBIOPORTAL_PATIENT : mcat ? MCAT_PATIENT : undefined;
  const column = header.includes(patient) ? patient : fallback;
  const { columns, rows, line } = await readTable(file, (name) => name !== '' && !isMcatNumber(name));
  if (column === undefined) {
    throw badInput({
      file,
      row: line,
      message: `there is no column '${patient}' (clinical.patient)`,
      remedy: suggest(patient, columns),
    });
  }
  const at = columns.indexOf(column);
  const read = rows.map(({ line, cells }): ClinicalRow => ({
    file,
    line,
    id: isMissing(cells[at]) ? '' : cells[at],
    cells: Object.fromEntries(columns.map((name, i) => [name, isMissing(cells[i]) ? '' : cells[i]])),
  }));
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
