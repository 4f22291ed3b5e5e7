import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { readHeader, readTable } from '../../files/table.js';
import type { RawExpression, ReadContext, Sample } from './samples.js';
import { readTextMatrix } from './text-matrix.js';

/** The files of a download of the Ivy Glioblastoma Atlas (Allen Institute, gene expression by RNA-Seq). */
const FILES = { matrix: 'fpkm_table.csv', genes: 'rows-genes.csv', samples: 'columns-samples.csv' } as const;

/** Whether a path is such a download: its folder, or the matrix in it. */
export async function isIvyGap(path: string): Promise<boolean> {
  const folder = await folderOf(path);
  const found = await Promise.all(
    [FILES.matrix, FILES.samples].map((name) => stat(join(folder, name)).catch(() => undefined)),
  );
  return found.every((file) => file?.isFile()) && (folder === path || path.endsWith(FILES.matrix));
}

const folderOf = async (path: string) => ((await stat(path)).isDirectory() ? path : dirname(path));

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
export async function readIvyGap(path: string, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const folder = await folderOf(path);
  const [matrixFile, genesFile, samplesFile] = [FILES.matrix, FILES.genes, FILES.samples].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const symbols = await readColumns(genesFile, 'gene_id', 'gene_symbol');
  const samples = await readSamples(samplesFile, context.patients);
  const header = await readHeader(matrixFile);
  const columns = header.slice(1).map((name, i) => ({ name, cell: i + 1 }));
  const unknown = columns.filter(({ name }) => !samples.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    const message = `${counted(unknown.length, 'sample is', 'samples are')} not in ${FILES.samples} (${someOf(unknown)})`;
    problems.push({ severity: 'warning', file: matrixFile, message, remedy: 'They are left out' });
  }
  const layout = {
    genesAreRows: true,
    rowName: (cells: readonly string[]) => cells[0],
    columns: columns.filter(({ name }) => samples.has(name)),
    nameSample: (name: string) => samples.get(name)!,
    refusesRepeats: false,
  };
  const nameGene = (id: string) => context.nameGene(id, symbols.get(id));
  return {
    ...(await readTextMatrix(matrixFile, layout, { ...context, nameGene }, problems)),
    linear: true,
    sampleRule: RULE,
  };
}

/** Two columns of a table as a map from the one to the other. */
async function readColumns(file: string, from: string, to: string): Promise<Map<string, string>> {
  const { columns, rows, line } = await readTable(file);
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

async function readSamples(file: string, patients: ReadonlySet<string> | undefined): Promise<Map<string, Sample>> {
  const { columns, rows, line } = await readTable(file);
  const wellAt = columns.indexOf('rna_well_id');
  const structureAt = columns.findIndex((column) => /^structure_(abbreviation|acronym)$/.test(column));
  const matches = columns.map((_, c) =>
    patients ? new Set(rows.map(({ cells }) => cells[c]).filter((cell) => patients.has(cell))).size : 0,
  );
  const best = Math.max(...matches);
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
