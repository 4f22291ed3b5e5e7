import { maxOf } from '../../files/lists.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { withEntry, type Source } from '../../files/source.js';
import { parseHeader, parseTable } from '../../files/table.js';
import type { ExpressionFiles } from './expression-files.js';
import type { RawExpression, ReadContext, Sample } from './samples.js';
import { readTextMatrix } from './text-matrix.js';

/** The files of a download of the Ivy Glioblastoma Atlas (Allen Institute, gene expression by RNA-Seq). */
const FILES = { matrix: 'fpkm_table.csv', genes: 'rows-genes.csv', samples: 'columns-samples.csv' } as const;

/** Whether this is such a download: its folder, or the matrix in it. */
export async function isIvyGap({ file, folder }: ExpressionFiles): Promise<boolean> {
  if (!folder || (file && !file.name.endsWith(FILES.matrix))) return false;
  for (const name of [FILES.matrix, FILES.samples]) {
    const found = await folder.open(name).catch(() => undefined);
    if (!found) return false;
    await found.close();
  }
  return true;
}

/** Of the samples of a tumour, which stands for it. */
const RULE =
  'cellular tumour by histology (CT-reference-histology) before other cellular tumour (CT-…), before its zones (CTmvp, CTpan, …), before infiltrating tumour and leading edge; then the first rna_well_id';

/** {@link RULE} as codes in the order of TCGA's sample types. */
function typeOf(structure: string): number {
  if (structure === 'CT-reference-histology') return 1;
  if (structure.startsWith('CT-')) return 2;
  return structure.startsWith('CT') ? 3 : 4;
}

/**
 * Reads the Ivy GAP download: FPKM by `gene_id` and `rna_well_id`, gene symbols from `rows-genes.csv`, tumours from `columns-samples.csv`. A
 * patient is known by whichever column of the samples the clinical table's ids are found in (`tumor_name`, `block_name`, …).
 * @throws {InputError} for files that are missing or do not fit together.
 */
export async function readIvyGap(
  { name, folder }: ExpressionFiles,
  context: ReadContext,
  problems: Problem[],
): Promise<RawExpression> {
  if (!folder) {
    const message = `${FILES.genes} and ${FILES.samples} did not come with it`;
    throw badInput({ file: name, message, remedy: 'Give the folder of the download' });
  }
  const symbols = await withEntry(folder, FILES.genes, (source) => readColumns(source, 'gene_id', 'gene_symbol'));
  const samples = await withEntry(folder, FILES.samples, (source) => readSamples(source, context.patients));
  return withEntry(folder, FILES.matrix, (matrix) => readWells(matrix, symbols, samples, context, problems));
}

async function readWells(
  matrix: Source,
  symbols: ReadonlyMap<string, string>,
  samples: ReadonlyMap<string, Sample>,
  context: ReadContext,
  problems: Problem[],
): Promise<RawExpression> {
  const header = await parseHeader(matrix);
  const columns = header.slice(1).map((name, i) => ({ name, cell: i + 1 }));
  const unknown = columns.filter(({ name }) => !samples.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    const message = `${counted(unknown.length, 'sample is', 'samples are')} not in ${FILES.samples} (${someOf(unknown)})`;
    problems.push({ severity: 'warning', file: matrix.name, message, remedy: 'They are left out' });
  }
  const layout = {
    genesAreRows: true,
    rowName: (cells: readonly string[]) => cells[0],
    symbolOf: ([id]: readonly string[]) => symbols.get(id),
    columns: columns.filter(({ name }) => samples.has(name)),
    nameSample: (name: string) => samples.get(name) ?? { name, patient: name, type: undefined },
    refusesRepeats: false,
  };
  return { ...(await readTextMatrix(matrix, layout, context, problems)), linear: true, sampleRule: RULE };
}

/** Two columns of a table as a map from the one to the other. */
async function readColumns(source: Source, from: string, to: string): Promise<Map<string, string>> {
  const { file, columns, rows, line } = await parseTable(source);
  const [fromAt, toAt] = [columns.indexOf(from), columns.indexOf(to)];
  if (fromAt < 0 || toAt < 0) {
    const missing = fromAt < 0 ? from : to;
    throw badInput({
      file,
      row: line,
      message: `there is no column '${missing}'`,
      remedy: 'Download the file of the Ivy GAP again',
    });
  }
  return new Map(rows.map(({ cells }) => [cells[fromAt], cells[toAt]]));
}

async function readSamples(source: Source, patients: ReadonlySet<string> | undefined): Promise<Map<string, Sample>> {
  const { file, columns, rows, line } = await parseTable(source);
  const wellAt = columns.indexOf('rna_well_id');
  const structureAt = columns.findIndex((column) => /^structure_(abbreviation|acronym)$/.test(column));
  const matches = columns.map((_, c) =>
    patients ? new Set(rows.map(({ cells }) => cells[c]).filter((cell) => patients.has(cell))).size : 0,
  );
  const best = maxOf(matches);
  const patientAt = best > 0 ? matches.indexOf(best) : columns.indexOf('tumor_name');
  if (wellAt < 0 || patientAt < 0) {
    const missing = wellAt < 0 ? 'rna_well_id' : 'tumor_name';
    throw badInput({
      file,
      row: line,
      message: `there is no column '${missing}'`,
      remedy: 'Download the file of the Ivy GAP again',
    });
  }
  return new Map(
    rows.map(({ cells }) => [
      cells[wellAt],
      { name: cells[wellAt], patient: cells[patientAt], type: typeOf(cells[structureAt] ?? '') },
    ]),
  );
}
