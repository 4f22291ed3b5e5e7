import { badInput, counted, someOf, type Problem } from '../problems.js';
import { readHeader } from '../table.js';
import type { RawExpression, ReadContext } from './raw.js';
import { readTextMatrix } from './text-matrix.js';

const EXPRESSION = /_rnaseq$/;
/** Copy numbers and mutations: markers that define diagnoses, never an input here. */
const GENOMIC = /_(cnv|mut)$/;
/** The column that names the patient, the best first. */
const PATIENT = ['case_id', 'patient_id', 'case', 'patient'];

/** Whether a column is one of numbers, and no clinical one. */
export const isMcatNumber = (column: string): boolean => EXPRESSION.test(column) || GENOMIC.test(column);

/** Whether a header is that of an MCAT table. */
export const isMcatMatrix = (header: readonly string[]): boolean => header.some((column) => EXPRESSION.test(column));

/**
 * Reads the `*_rnaseq` columns of a table in the layout of MCAT and PORPOISE: one row a slide, which repeats the patient's values. Copy numbers
 * (`*_cnv`) and mutations (`*_mut`) are left out, with a warning.
 * @throws {UserError} where two rows of a patient differ, and as every text matrix.
 */
export async function readMcat(file: string, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const header = await readHeader(file);
  const columns = header.map((name, cell) => ({ name, cell })).filter(({ name }) => EXPRESSION.test(name));
  const patientColumn = PATIENT.find((column) => header.includes(column));
  if (patientColumn === undefined || columns.length === 0) {
    throw badInput({
      file,
      row: 1,
      message: `there is no column ${patientColumn === undefined ? PATIENT.map((name) => `'${name}'`).join(' or ') : 'that ends in _rnaseq'}`,
      remedy: "An MCAT table has case_id and GENE_rnaseq columns; set expression.format to 'matrix' for another",
    });
  }
  const at = header.indexOf(patientColumn);
  const genomic = header.filter((column) => GENOMIC.test(column));
  if (genomic.length > 0) {
    const message = `${counted(genomic.length, 'column holds', 'columns hold')} copy numbers or mutations (${someOf(genomic)}), which can be part of a label's definition`;
    problems.push({
      severity: 'warning',
      file,
      message,
      remedy: 'They are no input of the model; map markers by clinical.columns',
    });
  }
  const layout = {
    genesAreRows: false,
    rowName: (cells: readonly string[]) => cells[at],
    columns: columns.map(({ name, cell }) => ({ name: name.replace(EXPRESSION, ''), cell })),
    nameSample: context.nameSample,
    refusesRepeats: true,
    mergesEqualRows: true,
  };
  return readTextMatrix(file, layout, context, problems);
}
