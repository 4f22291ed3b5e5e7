import { readFile, stat } from 'node:fs/promises';
import { parseBarcode } from '../barcode.js';
import { badInput, someOf } from '../problems.js';
import { readTable, requireFile } from '../table.js';

/** What a sheet says about a file of the GDC. */
export interface SheetEntry {
  readonly patient: string;
  readonly sample: string;
  /** TCGA's code of the sample type. */
  readonly type: number | undefined;
}

/** Entries by file name and by file id (the folder in which the GDC's client puts the file). */
export type Sheet = ReadonlyMap<string, SheetEntry>;

/** Columns by their names in sample sheets (old and new), in manifests and in tables of the GDC's API. */
const COLUMNS = {
  file: /^(file[ _]?name|files?\.file_name)$/i,
  id: /^(file[ _]?id|id|files?\.file_id)$/i,
  patient: /^(case[ _]id|case|case_submitter_id|cases(\.0)?\.submitter_id|patient(_id)?)$/i,
  sample: /^(sample[ _]id|sample|sample_submitter_id|cases(\.0)?\.samples(\.0)?\.submitter_id)$/i,
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
 * @throws {UserError} for a file that is none of these; a plain manifest names no cases.
 */
export async function readSheet(file: string): Promise<Sheet> {
  await requireFile(file);
  return /\.json$/i.test(file) ? readMetadata(file) : readSheetTable(file);
}

async function readSheetTable(file: string): Promise<Sheet> {
  const { columns, rows, line } = await readTable(file);
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
  const sheet = new Map<string, SheetEntry>();
  for (const { cells } of rows) {
    // A file of several samples lists them, "TCGA-06-0174, TCGA-06-0174".
    const first = (place: number) => cells[place]?.split(',')[0].trim() ?? '';
    const sample = first(places.sample) || first(places.patient);
    const barcode = parseBarcode(sample);
    const entry = {
      patient: first(places.patient) || (barcode?.patient ?? sample),
      sample,
      type: barcode?.sampleType ?? typeOf(words.map((place) => cells[place]).join(' ')),
    };
    for (const place of [places.file, places.id]) if (cells[place]) sheet.set(cells[place], entry);
  }
  return sheet;
}

interface CartFile {
  readonly file_name?: unknown;
  readonly file_id?: unknown;
  readonly associated_entities?: unknown;
}

/** `metadata.cart.….json`: a list of files, each with the barcodes of its aliquots. */
async function readMetadata(file: string): Promise<Sheet> {
  const wrong = (message: string) =>
    badInput({ file, message, remedy: "Download the cart's metadata or its sample sheet again" });
  if ((await stat(file)).size > LARGEST_JSON) throw wrong(`the JSON is larger than ${LARGEST_JSON / 2 ** 20} MiB`);
  let cart: unknown;
  try {
    cart = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw wrong('this is not JSON');
  }
  if (!Array.isArray(cart)) throw wrong('the JSON is no list of files');
  const sheet = new Map<string, SheetEntry>();
  for (const { file_name, file_id, associated_entities } of cart.filter(
    (item): item is CartFile => typeof item === 'object' && item !== null,
  )) {
    const entities: unknown[] = Array.isArray(associated_entities) ? associated_entities : [];
    const [sample] = entities.flatMap(
      (entity) => (entity as { entity_submitter_id?: unknown } | null)?.entity_submitter_id ?? [],
    );
    if (typeof sample !== 'string') continue;
    const barcode = parseBarcode(sample);
    const entry = { patient: barcode?.patient ?? sample, sample, type: barcode?.sampleType };
    for (const name of [file_name, file_id]) if (typeof name === 'string') sheet.set(name, entry);
  }
  if (sheet.size === 0) throw wrong('no file of the list has associated_entities with an entity_submitter_id');
  return sheet;
}
