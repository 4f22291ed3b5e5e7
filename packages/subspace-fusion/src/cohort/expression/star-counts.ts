import { gunzip } from '#codec';
import type { StarColumn } from '../../config/values.js';
import { requireContent } from '../../files/bytes.js';
import { damageCode } from '../../files/codec/types.js';
import { decodePieces, decodeText } from '../../files/decode.js';
import { badInput, InputError } from '../../files/errors.js';
import { HEAD, kindOf } from '../../files/signature.js';
import { bytesSource, readAll, stretches, type Source } from '../../files/source.js';
import { suggest } from '../../files/text.js';
import { checkCells } from './cells.js';

/** A real file has 4 MB. */
const LARGEST = 128 * 2 ** 20;

/** The genes of a file, in its order. */
export interface StarGenes {
  readonly ids: readonly string[];
  readonly symbols: readonly string[];
}

export interface StarCounts {
  readonly genes: StarGenes;
  readonly values: Float32Array;
}

async function textOf(source: Source): Promise<string> {
  requireContent(source);
  const file = source.name;
  const tooLarge = () =>
    badInput({
      file,
      message: `the file is larger than ${LARGEST / 2 ** 20} MiB`,
      remedy: 'Name STAR-counts files only',
    });
  if (source.size > LARGEST) throw tooLarge();
  const bytes = await readAll(source);
  if (kindOf(bytes.subarray(0, HEAD)) !== 'gzip') return decodeText(bytes, file);
  const parts: string[] = [];
  let length = 0;
  try {
    for await (const part of decodePieces(gunzip(stretches(bytesSource(bytes))), file)) {
      length += part.length;
      if (length > LARGEST) throw tooLarge();
      parts.push(part);
    }
  } catch (error) {
    if (damageCode(error) === undefined) throw error;
    throw badInput({ file, message: 'the gzip data is damaged or cut short', remedy: 'Download the file again' });
  }
  return parts.join('');
}

/**
 * Reads one column of a `….augmented_star_gene_counts.tsv` of the GDC (GDC Bioinformatics Pipeline, mRNA Analysis): a comment line, a header with
 * `gene_id` and `gene_name`, four rows `N_…` of reads that belong to no gene, then the genes. The list of genes of `like` is shared where it is the same.
 * @throws {InputError} for a file that is no such table, is cut short within a row, or holds something that is no number.
 */
export async function readStarCounts(source: Source, column: StarColumn, like?: StarGenes): Promise<StarCounts> {
  const file = source.name;
  const lines = (await textOf(source)).split(/\r?\n/);
  const headerAt = lines.findIndex((line) => !line.startsWith('#'));
  const header = (lines[headerAt] ?? '').split('\t');
  const [idAt, symbolAt, valueAt] = ['gene_id', 'gene_name', column].map((name) => header.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (idAt < 0) {
    const remedy = 'Name the …augmented_star_gene_counts.tsv files of the GDC';
    throw badInput({
      file,
      row: headerAt + 1,
      message: "this is no STAR-counts table: there is no column 'gene_id'",
      remedy,
    });
  }
  if (valueAt < 0) {
    throw badInput({
      file,
      row: headerAt + 1,
      message: `there is no column '${column}' (expression.column)`,
      remedy: suggest(column, header),
    });
  }
  const ids: string[] = [];
  const symbols: string[] = [];
  const values: number[] = [];
  const check = checkCells(() => true);
  for (let i = headerAt + 1; i < lines.length; i++) {
    const line = lines[i];
    if (line === '' || line.startsWith('N_')) continue;
    const cells = line.split('\t');
    if (cells.length !== header.length) {
      const message = `the row has ${cells.length} cells, the header ${header.length}`;
      throw badInput({ file, row: i + 1, message, remedy: 'The file is damaged or cut short: download it again' });
    }
    ids.push(cells[idAt]);
    symbols.push(cells[symbolAt] ?? '');
    values.push(check.read(cells[valueAt], cells[idAt], i + 1, column));
  }
  const wrong = check.problems(file);
  if (wrong.length > 0) throw new InputError(wrong);
  if (ids.length === 0)
    throw badInput({ file, message: 'the table has no gene', remedy: 'The file is cut short: download it again' });
  const same = like?.ids.length === ids.length && like.ids.every((id, g) => id === ids[g]);
  return { genes: same ? like : { ids, symbols }, values: Float32Array.from(values) };
}
