import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { parseHeader } from '../../files/table.js';
import { parseBarcode } from '../clinical/sites.js';
import type { Orientation, RawExpression, ReadContext } from './samples.js';
import { readTextMatrix } from './text-matrix.js';

/**
 * Reads a matrix of genes × patients or patients × genes, names in the first row and column, such as UCSC Xena's. The cell of the corner may be
 * missing.
 */
export async function readMatrix(source: Source, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const start = { named: true };
  const [, ...names] = await parseHeader(source, start);
  const layout = {
    start,
    genesAreRows: detectOrientation(source.name, names, context) === 'genes × patients',
    rowName: (cells: readonly string[]) => cells[0],
    columns: names.map((name, i) => ({ name, cell: i + 1 })),
    nameSample: context.nameSample,
    refusesRepeats: true,
  };
  return readTextMatrix(source, layout, context, problems);
}

function detectOrientation(
  file: string,
  header: readonly string[],
  { patients, genes, nameGene, nameSample }: ReadContext,
): Orientation {
  const asGenes = header.filter((name) => genes.has(nameGene(name))).length;
  if (patients === undefined) return asGenes > 0 ? 'patients × genes' : 'genes × patients';
  const asPatients = header.filter((name) => patients.has(nameSample(name).patient)).length;
  if (asGenes > 0 || asPatients > 0) return asGenes > asPatients ? 'patients × genes' : 'genes × patients';
  if (header.some((name) => parseBarcode(name))) {
    const message = `none of its ${header.length} TCGA barcodes (${someOf(header)}) is of a patient of the clinical table`;
    throw badInput({ file, row: 1, message, remedy: 'Check that both files are of the same study' });
  }
  const longer = header.find((name) => [...patients].some((id) => name.startsWith(id)));
  throw badInput({
    file,
    row: 1,
    message: `the header (${someOf(header)}) has no patient of the clinical table and no gene of the gene sets`,
    remedy:
      longer === undefined
        ? 'Use the same patient ids, or the same gene symbols'
        : `Shorten names such as '${longer}' to the patient id`,
  });
}

/** Columns that describe a gene; all others are samples. */
const GENE_COLUMNS = /^(hugo_symbol|entrez_gene_id|cytoband|gene_panel)$/i;

/** Whether a header is that of a cBioPortal matrix. */
export const isCbioportalMatrix = (header: readonly string[]): boolean =>
  header.slice(0, 2).some((column) => /^(hugo_symbol|entrez_gene_id)$/i.test(column));

/**
 * Reads a cBioPortal expression file such as `data_mrna_seq_v2_rsem.txt` (docs.cbioportal.org, File Formats, Expression Data): genes are
 * rows, known by `Hugo_Symbol` or, where that is empty, by `Entrez_Gene_Id`. Symbols repeat there by habit.
 */
export async function readCbioportal(
  source: Source,
  context: ReadContext,
  problems: Problem[],
): Promise<RawExpression> {
  const header = await parseHeader(source);
  const at = (column: RegExp) => header.findIndex((name) => column.test(name));
  const [symbol, entrez] = [at(/^hugo_symbol$/i), at(/^entrez_gene_id$/i)];
  if (symbol < 0 && entrez < 0) {
    throw badInput({
      file: source.name,
      row: 1,
      message: 'the header has neither Hugo_Symbol nor Entrez_Gene_Id',
      remedy: "Take expression.format away, or set it to 'matrix'",
    });
  }
  const layout = {
    genesAreRows: true,
    rowName: (cells: readonly string[]) => cells[symbol] || (cells[entrez] ?? ''),
    columns: header.map((name, cell) => ({ name, cell })).filter(({ name }) => !GENE_COLUMNS.test(name)),
    nameSample: context.nameSample,
    refusesRepeats: false,
  };
  return readTextMatrix(source, layout, context, problems);
}

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
 * @throws {InputError} where two rows of a patient differ, and as every text matrix.
 */
export async function readMcat(source: Source, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const header = await parseHeader(source);
  const columns = header.map((name, cell) => ({ name, cell })).filter(({ name }) => EXPRESSION.test(name));
  const patientColumn = PATIENT.find((column) => header.includes(column));
  if (patientColumn === undefined || columns.length === 0) {
    throw badInput({
      file: source.name,
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
      file: source.name,
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
  return readTextMatrix(source, layout, context, problems);
}
