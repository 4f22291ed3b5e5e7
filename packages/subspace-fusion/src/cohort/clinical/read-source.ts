import { patientOf } from '../barcode.js';
import { isMcatMatrix, isMcatNumber } from '../expression/mcat.js';
import { isMissing } from '../missing.js';
import { suggest } from '../nearest.js';
import { badInput } from '../problems.js';
import { readHeader, readTable } from '../table.js';
import { GDC_CASE, readGdcRows } from './gdc.js';
import type { ClinicalRow, ClinicalSource } from './source.js';

/** Columns of the patient by format; the config's own choice comes first wherever the file has it. */
const CBIOPORTAL_PATIENT = 'PATIENT_ID';
const MCAT_PATIENT = 'case_id';

/**
 * Reads one clinical file. By its header it is cBioPortal's (`PATIENT_ID`, in capitals), the GDC's (`case_submitter_id` or `cases.submitter_id`), a
 * table of MCAT (`case_id` with `censorship` or `*_rnaseq` columns, of which only the clinical ones are kept), or any other.
 * TCGA barcodes of samples become those of patients.
 * @throws {UserError} for a file that cannot be read or has no column of patients.
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
