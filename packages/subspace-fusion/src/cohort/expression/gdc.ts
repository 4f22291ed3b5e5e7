import { STAR_COLUMNS, type StarColumn } from '../../config/values.js';
import { requireContent } from '../../files/bytes.js';
import { decodeText } from '../../files/decode.js';
import { badInput, counted, required, someOf, type Problem } from '../../files/errors.js';
import { closing, readAll, withEntry, type Folder, type Source } from '../../files/source.js';
import { isMissing, parseTable } from '../../files/table.js';
import { baseName, extension, folderName } from '../../files/text.js';
import { parseBarcode, patientOf } from '../clinical/sites.js';
import type { ExpressionFiles } from './expression-files.js';
import { chooseSamples, type FileGene, type RawExpression, type ReadContext, type Sample } from './samples.js';
import { readStarCounts, type StarGenes } from './star-counts.js';

/** What a sheet says about a file of the GDC. */
interface SheetEntry {
  /** Several where their samples were pooled. */
  readonly patients: readonly string[];
  readonly sample: string;
  /** TCGA's code of the sample type. */
  readonly type: number | undefined;
}

/** Entries by file name and by file id (the folder in which the GDC's client puts the file). */
type Sheet = Map<string, SheetEntry>;

/** Adds what a row of a sheet says of a file; of several rows, the patients of all of them. */
function addEntry(sheet: Sheet, names: readonly unknown[], entry: SheetEntry): void {
  for (const name of names) {
    if (typeof name !== 'string' || name === '') continue;
    const before = sheet.get(name);
    sheet.set(name, before ? { ...before, patients: distinct([...before.patients, ...entry.patients]) } : entry);
  }
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

/** Columns by their names in sample sheets (old and new), in manifests and in tables of the GDC's API. */
const COLUMNS = {
  file: /^(file[ _]?name|files?\.file_name)$/i,
  id: /^(file[ _]?id|id|files?\.file_id)$/i,
  patient: /^(case[ _]id|case|case_submitter_id|cases(\.\d+)?\.submitter_id|patient(_id)?)$/i,
  sample: /^(sample[ _]id|sample|sample_submitter_id|cases(\.\d+)?\.samples(\.\d+)?\.submitter_id)$/i,
  tissue: /^(sample[ _]type|tissue[ _]type|cases(\.0)?\.samples(\.0)?\.(sample_type|tissue_type))$/i,
  descriptor: /^(tumor[ _]descriptor|cases(\.0)?\.samples(\.0)?\.tumor_descriptor)$/i,
} as const;

const LARGEST_JSON = 256 * 2 ** 20;

/** Sample types in words, as codes; a tissue that is only called a tumour says nothing of the order. */
function typeOf(words: string): number | undefined {
  if (/normal|control/i.test(words)) return 11;
  if (/recurren/i.test(words)) return 2;
  if (/metasta/i.test(words)) return 6;
  return /primary/i.test(words) ? 1 : undefined;
}

/**
 * Reads which file is of which case: a GDC sample sheet, any table that has a file name or id and a case, or the JSON metadata of a cart.
 * @throws {InputError} for a file that is none of these; a plain manifest names no cases.
 */
async function parseSheet(source: Source): Promise<Sheet> {
  requireContent(source);
  return extension(source.name) === '.json' ? parseMetadata(source) : parseSheetTable(source);
}

async function parseSheetTable(source: Source): Promise<Sheet> {
  const { file, columns, rows, line } = await parseTable(source);
  const at = (column: keyof typeof COLUMNS) => columns.findIndex((name) => COLUMNS[column].test(name));
  const places = { file: at('file'), id: at('id'), patient: at('patient'), sample: at('sample') };
  if (places.file < 0 && places.id < 0) {
    throw badInput({
      file,
      row: line,
      message: `no column names a file (${someOf(columns)})`,
      remedy: "It needs 'File Name' or 'File ID'",
    });
  }
  if (places.patient < 0 && places.sample < 0) {
    throw badInput({
      file,
      row: line,
      message: 'no column names a case; a plain GDC manifest does not',
      remedy: 'Download the sample sheet of the same cart, or add a column case_id',
    });
  }
  const words = [at('tissue'), at('descriptor')].filter((place) => place >= 0);
  const sheet: Sheet = new Map();
  const [patientsAt, samplesAt] = [columnsOf(columns, 'patient'), columnsOf(columns, 'sample')];
  for (const { cells } of rows) {
    const [patients, samples] = [namesIn(cells, patientsAt), namesIn(cells, samplesAt)];
    const [sample = ''] = [...samples, ...patients];
    if (sample === '') continue;
    const barcodes = distinct(samples.flatMap((name) => parseBarcode(name)?.patient ?? []));
    const ofSamples = barcodes.length > 0 ? barcodes : [sample];
    const entry = {
      patients: patients.length === 0 || (patients.length === 1 && barcodes.length > 1) ? ofSamples : patients,
      sample,
      type: parseBarcode(sample)?.sampleType ?? typeOf(words.map((place) => cells[place]).join(' ')),
    };
    addEntry(sheet, [cells[places.file], cells[places.id]], entry);
  }
  return sheet;
}

/** The columns of a kind: the first there is; of a table of the API, which numbers them (`cases.0.submitter_id`), all. */
function columnsOf(columns: readonly string[], kind: keyof typeof COLUMNS): number[] {
  const found = [...columns.keys()].filter((i) => COLUMNS[kind].test(columns[i]));
  const numbered = found.filter((i) => /\.\d+\./.test(columns[i]));
  return numbered.length > 0 && numbered[0] === found[0] ? numbered : found.slice(0, 1);
}

/** The names in some cells of a row; a file of several lists them: "TCGA-06-0174, TCGA-06-0175". */
const namesIn = (cells: readonly string[], places: readonly number[]): string[] =>
  distinct(places.flatMap((place) => cells[place].split(/[,;]/)).map((name) => name.trim())).filter(
    (name) => !isMissing(name),
  );

interface CartFile {
  readonly file_name?: unknown;
  readonly file_id?: unknown;
  readonly associated_entities?: unknown;
}

/** `metadata.cart.….json`: a list of files, each with the barcodes of its aliquots. */
async function parseMetadata(source: Source): Promise<Sheet> {
  const file = source.name;
  const wrong = (message: string) =>
    badInput({ file, message, remedy: "Download the cart's metadata or its sample sheet again" });
  if (source.size > LARGEST_JSON) throw wrong(`the JSON is larger than ${LARGEST_JSON / 2 ** 20} MiB`);
  const text = decodeText(await readAll(source), file);
  let cart: unknown;
  try {
    cart = JSON.parse(text);
  } catch {
    throw wrong('this is not JSON');
  }
  if (!Array.isArray(cart)) throw wrong('the JSON is no list of files');
  const sheet: Sheet = new Map();
  for (const { file_name, file_id, associated_entities } of cart.filter(
    (item): item is CartFile => typeof item === 'object' && item !== null,
  )) {
    const entities: unknown[] = Array.isArray(associated_entities) ? associated_entities : [];
    const samples = entities
      .map((entity) => (entity as { entity_submitter_id?: unknown } | null)?.entity_submitter_id)
      .filter((sample) => typeof sample === 'string');
    const sample = samples.at(0);
    if (sample === undefined) continue;
    const entry = { patients: distinct(samples.map(patientOf)), sample, type: parseBarcode(sample)?.sampleType };
    addEntry(sheet, [file_name, file_id], entry);
  }
  if (sheet.size === 0) throw wrong('no file of the list has associated_entities with an entity_submitter_id');
  return sheet;
}

/** Choices of the config. */
export interface GdcOptions {
  readonly column?: StarColumn | undefined;
  /** Sample sheet, or another table or JSON that maps files to cases. */
  readonly samples?: Source | undefined;
}

const COUNTS = /star_gene_counts.*\.tsv(\.gz)?$/i;
const SHEET = /^(gdc_)?sample_sheet.*\.tsv$|^metadata.*\.json$/i;

/** A file of a download, by its whole name. */
interface CountsFile {
  readonly name: string;
  readonly use: <T>(work: (source: Source) => Promise<T>) => Promise<T>;
}

/** The STAR-counts files in a folder and in its folders, where the GDC's client puts them; or the one file itself. */
export async function findStarCounts({ file, folder }: ExpressionFiles): Promise<CountsFile[]> {
  if (file) return [{ name: file.name, use: (work) => work(file) }];
  if (!folder) return [];
  const names = (await folder.list()).filter((name) => COUNTS.test(baseName(name)));
  return names.map((name) => ({ name: `${folder.name}/${name}`, use: (work) => withEntry(folder, name, work) }));
}

/** The sheet that is asked for, or the one that lies in the folder. */
async function findSheet(
  folder: Folder | undefined,
  asked: Source | undefined,
): Promise<{ sheet: Sheet; file: string } | undefined> {
  if (asked) return { sheet: await parseSheet(asked), file: asked.name };
  const name = (await folder?.list())?.find((name) => SHEET.test(name));
  const source = name === undefined ? undefined : await folder?.open(name);
  return source && { sheet: await closing(source, parseSheet), file: source.name };
}

/** Which sample a file is of: by the sheet, otherwise by a barcode that its name or its folder's name starts with; several are of pooled patients. */
function samplesOfFile(file: string, sheet: Sheet | undefined): Sample[] {
  const [name, folder] = [baseName(file), folderName(file)];
  const entry = sheet?.get(name) ?? sheet?.get(name.replace(/\.gz$/, '')) ?? sheet?.get(folder);
  // Two aliquots of one sample are two files.
  if (entry) {
    const { patients, sample, type } = entry;
    return patients.map((patient) => ({ name: `${sample} (${name.split('.', 1)[0]})`, patient, type }));
  }
  const barcode = parseBarcode(name) ?? parseBarcode(folder);
  return barcode ? [{ name, patient: barcode.patient, type: barcode.sampleType }] : [];
}

/**
 * Reads STAR-counts files, one a sample, as the GDC gives them: in one folder or in a folder a file, with the sample sheet of the cart. The files carry
 * Ensembl ids and symbols; files whose genes differ from the first one's are brought to the genes that all have.
 * @throws {InputError} for files that name no patient, or cannot be read.
 */
export async function readGdc(
  where: ExpressionFiles,
  context: ReadContext,
  options: GdcOptions,
  problems: Problem[],
): Promise<RawExpression> {
  const path = where.name;
  const files = await findStarCounts(where);
  const found = await findSheet(where.folder, options.samples);
  const known: { file: CountsFile; sample: Sample }[] = [];
  const nameless: string[] = [];
  const pooled: string[] = [];
  for (const file of files) {
    const samples = samplesOfFile(file.name, found?.sheet);
    if (samples.length === 0) nameless.push(baseName(file.name));
    else if (samples.length === 1) known.push({ file, sample: samples[0] });
    else pooled.push(`${baseName(file.name)}: ${samples.map(({ patient }) => patient).join(', ')}`);
  }
  if (known.length === 0 && pooled.length === 0) {
    throw badInput({
      file: path,
      message: `nothing says of which patients its ${counted(files.length, 'file is', 'files are')}${found ? `; ${baseName(found.file)} names none of them` : ''}`,
      remedy: 'Put the GDC sample sheet into the folder, or name it by expression.samples',
    });
  }
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file: path, message, remedy });
  if (nameless.length > 0)
    warn(
      `${counted(nameless.length, 'file is', 'files are')} of no known patient (${someOf(nameless)})`,
      'They are left out',
    );

  if (pooled.length > 0)
    warn(
      `${counted(pooled.length, 'file is', 'files are')} of several patients together (${someOf(pooled)})`,
      `${pooled.length === 1 ? 'It is the expression of none of them, and' : 'They are the expression of none of them, and'} left out`,
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
    const counts = await file.use((source) => readStarCounts(source, column, read[0]?.genes));
    read.push({ file: file.name, patient: sample.patient, ...counts });
  }
  const genes = read[0]?.genes ?? { ids: [], symbols: [] };
  const other = read.filter((one) => one.genes !== genes);
  const shared = genes.ids.flatMap((id, g) => (other.every((one) => placesOf(one.genes).has(id)) ? [g] : []));
  if (other.length > 0) {
    const message = `${counted(other.length, 'file has', 'files have')} other genes than ${baseName(read[0].file)} (${someOf(other.map(({ file }) => baseName(file)))})`;
    warn(message, `The ${shared.length} genes that all files have are read`);
  }
  return {
    orientation: 'patients × genes',
    patients: read.map(({ patient }) => patient),
    genes: shared.map((g): FileGene => ({
      name: genes.ids[g],
      said: genes.symbols[g],
      symbol: context.nameGene(genes.ids[g], genes.symbols[g]),
    })),
    rows: read.map(({ genes: own, values }) => {
      if (own === genes && shared.length === values.length) return values;
      const places = placesOf(own);
      return Float32Array.from(shared, (g) => values[required(places, genes.ids[g])]);
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
