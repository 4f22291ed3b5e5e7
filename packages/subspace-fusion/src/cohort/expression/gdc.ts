import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseBarcode } from '../barcode.js';
import { badInput, counted, someOf, type Problem } from '../problems.js';
import { readSheet, type Sheet } from './gdc-sheet.js';
import type { FileGene, RawExpression, ReadContext } from './raw.js';
import { chooseSamples, type Sample } from './samples.js';
import { readStarCounts, STAR_COLUMNS, type StarColumn, type StarGenes } from './star-counts.js';

/** Choices of the config. */
export interface GdcOptions {
  readonly column?: StarColumn | undefined;
  /** Sample sheet, or another table or JSON that maps files to cases. */
  readonly samples?: string | undefined;
}

const COUNTS = /star_gene_counts.*\.tsv(\.gz)?$/i;
const SHEET = /^(gdc_)?sample_sheet.*\.tsv$|^metadata.*\.json$/i;

/** The STAR-counts files in a folder and in its folders, where the GDC's client puts them; or the one file itself. */
export async function findStarCounts(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(path, name));
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    files.push(...(await readdir(join(path, name))).map((inside) => join(path, name, inside)));
  }
  return files.filter((file) => COUNTS.test(basename(file))).sort();
}

async function findSheet(path: string): Promise<string | undefined> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path);
  const found = (await readdir(folder)).sort().find((name) => SHEET.test(name));
  return found && join(folder, found);
}

/** Which sample a file is of: by the sheet, otherwise by a barcode that its name or its folder's name starts with. */
function sampleOfFile(file: string, sheet: Sheet | undefined): Sample | undefined {
  const [name, folder] = [basename(file), basename(dirname(file))];
  const entry = sheet?.get(name) ?? sheet?.get(name.replace(/\.gz$/, '')) ?? sheet?.get(folder);
  // Two aliquots of one sample are two files.
  if (entry) return { name: `${entry.sample} (${name.split('.', 1)[0]})`, patient: entry.patient, type: entry.type };
  const barcode = parseBarcode(name) ?? parseBarcode(folder);
  return barcode && { name, patient: barcode.patient, type: barcode.sampleType };
}

/**
 * Reads STAR-counts files, one a sample, as the GDC gives them: in one folder or in a folder a file, with the sample sheet of the cart. The files carry
 * Ensembl ids and symbols; files whose genes differ from the first one's are brought to the genes that all have.
 * @throws {UserError} for files that name no patient, or cannot be read.
 */
export async function readGdc(
  path: string,
  context: ReadContext,
  options: GdcOptions,
  problems: Problem[],
): Promise<RawExpression> {
  const files = await findStarCounts(path);
  const sheetFile = options.samples ?? (await findSheet(path));
  const sheet = sheetFile === undefined ? undefined : await readSheet(sheetFile);
  const known: { file: string; sample: Sample }[] = [];
  const nameless: string[] = [];
  for (const file of files) {
    const sample = sampleOfFile(file, sheet);
    if (sample) known.push({ file, sample });
    else nameless.push(basename(file));
  }
  if (known.length === 0) {
    throw badInput({
      file: path,
      message: `nothing says of which patients its ${counted(files.length, 'file is', 'files are')}${sheetFile ? `; ${basename(sheetFile)} names none of them` : ''}`,
      remedy: 'Put the GDC sample sheet into the folder, or name it by expression.samples',
    });
  }
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file: path, message, remedy });
  if (nameless.length > 0)
    warn(
      `${counted(nameless.length, 'file is', 'files are')} of no known patient (${someOf(nameless)})`,
      'They are left out',
    );

  const choice = chooseSamples(
    known.map(({ sample }) => sample),
    context.patients,
  );
  const column = options.column ?? STAR_COLUMNS[0];
  if (column === 'unstranded')
    warn('raw counts grow with the depth of sequencing', 'tpm_unstranded can be compared between patients');
  const read: { file: string; patient: string; genes: StarGenes; values: Float32Array }[] = [];
  for (const place of choice.places) {
    const { file, sample } = known[place];
    read.push({ file, patient: sample.patient, ...(await readStarCounts(file, column, read[0]?.genes)) });
  }
  const genes = read[0]?.genes ?? { ids: [], symbols: [] };
  const other = read.filter((one) => one.genes !== genes);
  const shared = genes.ids.flatMap((id, g) => (other.every((one) => placesOf(one.genes).has(id)) ? [g] : []));
  if (other.length > 0) {
    const message = `${counted(other.length, 'file has', 'files have')} other genes than ${basename(read[0].file)} (${someOf(other.map(({ file }) => basename(file)))})`;
    warn(message, `The ${shared.length} genes that all files have are read`);
  }
  return {
    orientation: 'patients × genes',
    patients: read.map(({ patient }) => patient),
    genes: shared.map((g): FileGene => ({
      name: genes.ids[g],
      symbol: context.nameGene(genes.ids[g], genes.symbols[g]),
    })),
    rows: read.map(({ genes: own, values }) => {
      if (own === genes && shared.length === values.length) return values;
      const places = placesOf(own);
      return Float32Array.from(shared, (g) => values[places.get(genes.ids[g])!]);
    }),
    genesAreRows: false,
    choice,
    linear: true,
  };
}

const known = new WeakMap<StarGenes, ReadonlyMap<string, number>>();

/** Place of each gene id in a file; made once a list of genes. */
function placesOf(genes: StarGenes): ReadonlyMap<string, number> {
  const places = known.get(genes) ?? new Map(genes.ids.map((id, g) => [id, g]));
  known.set(genes, places);
  return places;
}
