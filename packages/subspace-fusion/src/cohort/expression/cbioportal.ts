import { badInput, type Problem } from '../problems.js';
import { readHeader } from '../table.js';
import type { RawExpression, ReadContext } from './raw.js';
import { readTextMatrix } from './text-matrix.js';

/** Columns that describe a gene; all others are samples. */
const GENE_COLUMNS = /^(hugo_symbol|entrez_gene_id|cytoband|gene_panel)$/i;

/** Whether a header is that of a cBioPortal matrix. */
export const isCbioportalMatrix = (header: readonly string[]): boolean =>
  header.slice(0, 2).some((column) => /^(hugo_symbol|entrez_gene_id)$/i.test(column));

/**
 * Reads a cBioPortal expression file such as `data_mrna_seq_v2_rsem.txt` (docs.cbioportal.org, File Formats, Expression Data): genes are
 * rows, known by `Hugo_Symbol` or, where that is empty, by `Entrez_Gene_Id`. Symbols repeat there by habit.
 */
export async function readCbioportal(file: string, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const header = await readHeader(file);
  const at = (column: RegExp) => header.findIndex((name) => column.test(name));
  const [symbol, entrez] = [at(/^hugo_symbol$/i), at(/^entrez_gene_id$/i)];
  if (symbol < 0 && entrez < 0) {
    throw badInput({
      file,
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
  return readTextMatrix(file, layout, context, problems);
}
