import { parseBarcode } from '../barcode.js';
import { badInput, someOf, type Problem } from '../problems.js';
import { readHeader } from '../table.js';
import type { Orientation, RawExpression, ReadContext } from './raw.js';
import { readTextMatrix } from './text-matrix.js';

/** Reads a matrix of genes × patients or patients × genes, names in the first row and column, such as UCSC Xena's. */
export async function readMatrix(file: string, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const [, ...names] = await readHeader(file);
  const layout = {
    genesAreRows: detectOrientation(file, names, context) === 'genes × patients',
    rowName: (cells: readonly string[]) => cells[0],
    columns: names.map((name, i) => ({ name, cell: i + 1 })),
    nameSample: context.nameSample,
    refusesRepeats: true,
  };
  return readTextMatrix(file, layout, context, problems);
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
