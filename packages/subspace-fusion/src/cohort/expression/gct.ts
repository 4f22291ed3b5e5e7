import { badInput, type Problem } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { isMissing, parseFirstLine, parseHeader, parseRows } from '../../files/table.js';
import { ensemblId } from './gene-names.js';
import type { RawExpression, ReadContext } from './samples.js';
import { readTextMatrix, type Layout } from './text-matrix.js';

/** Whether a file's first line is that of a GCT file; spreadsheets put separators behind it. */
export const isGct = (firstLine: string): boolean => /^#1\.[23][\s,]*$/.test(firstLine);

/** Columns that hold symbols, beside the one of the names. */
const SYMBOLS = /^(description|(pr_)?gene_?symbols?|gene_?names?|symbol|hgnc_symbol|hugo_symbol)$/i;

/** The header is below the line of the sizes; the line of the version counts as a comment. */
const START = { above: 1 } as const;

/** What the second line says: how many genes and samples there are, and how many columns and rows describe them. */
interface Sizes {
  readonly genes: number;
  readonly samples: number;
  readonly geneColumns: number;
  readonly sampleRows: number;
}

/**
 * Reads a GCT file of the Broad Institute, version 1.2 or 1.3: genes are rows, known by the first column or by one of symbols beside it; patients
 * are known by the header or, in version 1.3, by the row of the samples' descriptions in which most of them are.
 * @throws {InputError} for a second line that holds no sizes, and as every text matrix.
 */
export async function readGct(source: Source, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const file = source.name;
  const { genes, samples, geneColumns, sampleRows } = await readSizes(source);
  const header = await parseHeader(source, START);
  const names = await sampleNames(source, header, 1 + geneColumns, sampleRows, context);
  const symbolAt = header.findIndex((name, i) => i > 0 && i <= geneColumns && SYMBOLS.test(name));
  let rows = 0;
  const layout: Layout = {
    start: { ...START, below: sampleRows },
    genesAreRows: true,
    rowName: ([name]) => {
      rows++;
      return name;
    },
    symbolOf: ([name, ...others]) => {
      const said = others.at(symbolAt - 1);
      // The description of a gene that has its symbol for a name is prose.
      const isSymbol = said !== undefined && symbolAt > 0 && !isMissing(said);
      return isSymbol && (ensemblId(name) !== undefined || context.genes.has(said)) ? said : undefined;
    },
    columns: names.map((name, i) => ({ name, cell: 1 + geneColumns + i })),
    nameSample: context.nameSample,
    refusesRepeats: false,
  };
  const read = await readTextMatrix(source, layout, context, problems);
  if (rows !== genes || names.length !== samples) {
    const message = `the second line says ${genes} genes and ${samples} samples, and there are ${rows} and ${names.length}`;
    problems.push({
      severity: 'warning',
      file,
      row: 2,
      message,
      remedy: 'Check that the file is whole, and correct the line',
    });
  }
  return read;
}

async function readSizes(source: Source): Promise<Sizes> {
  const cells = await parseHeader(source);
  const isNewer = (await parseFirstLine(source)).includes('#1.3');
  const [genes, samples, geneColumns = 1, sampleRows = 0] = cells.slice(0, isNewer ? 4 : 2).map(Number);
  const sizes = { genes, samples, geneColumns, sampleRows };
  if (Object.values(sizes).every((size) => Number.isInteger(size) && size >= 0)) return sizes;
  throw badInput({
    file: source.name,
    row: 2,
    message: `the second line of a GCT file holds its sizes, and here it is '${cells.slice(0, 4).join(' ')}'`,
    remedy: 'Write the numbers of genes and of samples there, separated by a tab',
  });
}

/** The samples' names by the header, or by the row of descriptions that holds more of the patients. */
async function sampleNames(
  source: Source,
  header: readonly string[],
  first: number,
  sampleRows: number,
  { patients, nameSample }: ReadContext,
): Promise<readonly string[]> {
  const own = header.slice(first);
  if (sampleRows === 0 || !patients) return own;
  const known = (names: readonly string[]) =>
    new Set(names.map((name) => nameSample(name).patient).filter((id) => patients.has(id))).size;
  let best = { names: own, known: known(own) };
  if (best.known > 0) return own;
  let row = 0;
  for await (const { cells } of parseRows(source, START)) {
    if (row++ > sampleRows) break;
    const names = cells.slice(first);
    if (known(names) > best.known) best = { names, known: known(names) };
  }
  return best.names;
}
