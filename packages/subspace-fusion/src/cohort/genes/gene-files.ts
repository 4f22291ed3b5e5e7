import { readFile, stat } from 'node:fs/promises';
import type { GeneSetsConfig } from '../../config/config.js';
import { decodeText } from '../../files/decode.js';
import { badInput, type Problem } from '../../files/errors.js';
import { readHeader, readTable, requireFile } from '../../files/file-source.js';
import { suggest } from '../../files/text.js';
import { withoutDates } from './listed-dates.js';

/** A set of genes as a file gives it. */
export interface GeneSet {
  /** What a GMT file says of the set; empty in a table. */
  readonly description: string;
  readonly genes: readonly string[];
}

/** Sets by name. */
type GeneSets = ReadonlyMap<string, GeneSet>;

/** All sets of MSigDB have 20 MB. */
const LARGEST = 64 * 2 ** 20;

async function readLines(file: string): Promise<string[]> {
  await requireFile(file);
  if ((await stat(file)).size > LARGEST) {
    throw badInput({
      file,
      message: `the file is larger than ${LARGEST / 2 ** 20} MiB`,
      remedy: 'Name a file of gene sets',
    });
  }
  const bytes = await readFile(file);
  const text = decodeText(bytes, file);
  if (/^\s*[[{]/.test(text))
    throw badInput({
      file,
      message: 'this looks like JSON, which is not read for gene sets',
      remedy: 'Save the sets as GMT (MSigDB offers it): name, description, genes, separated by tabs',
    });
  return text.split(/\r\n?|\n/);
}

/** A name without the quotes that scripts put around it. */
const bare = (cell: string): string =>
  cell
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();

/** Reads a GMT file: one set a line, `name <tab> description <tab> gene <tab> gene …`. A gene counts once in a set. */
export async function readGmt(file: string): Promise<GeneSets> {
  const lines = await readLines(file);
  if (!lines.some((line) => line.includes('\t'))) throw withoutTabs(file);
  const sets = new Map<string, GeneSet>();
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const [name, description = '', ...genes] = line.split('\t').map(bare);
    const wrong = (message: string, remedy: string) => badInput({ file, row: i + 1, message, remedy });
    if (genes.length === 0)
      throw wrong('the line has no genes', 'A line of GMT is: name, description, genes, separated by tabs');
    if (genes.length === 1 && SEPARATORS.test(genes[0]))
      throw wrong('the genes of the line are not separated by tabs', 'Write a tab between them');
    if (sets.has(name)) throw wrong(`the set '${name}' stands here a second time`, 'Rename or delete one of them');
    sets.set(name, { description, genes: [...new Set(genes.filter((gene) => gene !== ''))] });
  });
  return sets;
}

/** What may be between two genes of one line; no gene has one in its name. */
const SEPARATORS = /[\s,;]/;

const withoutTabs = (file: string) =>
  badInput({
    file,
    message: 'a GMT file is separated by tabs, and this file has none',
    remedy: 'Write a tab between name, description and genes',
  });

/** The genes of {@link readGmt} by the name of their set. Dates that a spreadsheet made of genes go to `problems`. */
export async function readGeneSets(file: string, problems: Problem[]): Promise<Map<string, readonly string[]>> {
  const sets = [...(await readGmt(file))];
  return new Map(sets.map(([name, { genes }]) => [name, withoutDates(genes, name, file, problems)]));
}

/** Reads a list of genes, one a line; a line that starts with # is a comment, and a first one such as `gene` a header. */
export async function readGeneList(file: string): Promise<readonly string[]> {
  const genes: string[] = [];
  (await readLines(file)).forEach((line, i) => {
    const gene = bare(line);
    if (gene === '' || gene.startsWith('#')) return;
    if (SEPARATORS.test(gene)) {
      throw badInput({
        file,
        row: i + 1,
        message: 'the line has more than one gene',
        remedy: 'Write one gene a line, or name a GMT file alone',
      });
    }
    genes.push(gene);
  });
  if (genes.length > 0 && GENE_COLUMN.test(genes[0])) genes.shift();
  if (genes.length === 0) throw badInput({ file, message: 'the list has no gene', remedy: 'Write one gene a line' });
  return [...new Set(genes)];
}

const GENE_COLUMN = /^(gene|genes|symbol|gene[_ ]symbol|gene[_ ]name|hugo[_ ]symbol|hgnc[_ ]symbol)$/i;
const TYPE_COLUMN = /^(type|subspace|set|gene[_ ]set|category|class|group)$/i;

/** Reads a table with a row a gene, and a column that says which set it belongs to. */
export async function readGeneTable(file: string, { gene, type }: GeneSetsConfig): Promise<GeneSets> {
  const { columns, rows, line } = await readTable(file);
  const [geneAt, typeAt] = (
    [
      ['gene', gene, GENE_COLUMN],
      ['type', type, TYPE_COLUMN],
    ] as const
  ).map(([key, named, known]) => {
    const at = named === undefined ? columns.findIndex((column) => known.test(column)) : columns.indexOf(named);
    if (at >= 0) return at;
    const message =
      named === undefined ? `no column is that of the ${key}s` : `there is no column '${named}' (geneSets.${key})`;
    throw badInput({
      file,
      row: line,
      message,
      remedy: named === undefined ? `Name it by geneSets.${key}` : suggest(named, columns),
    });
  }) as [number, number];
  const sets = new Map<string, Set<string>>();
  for (const { cells } of rows) {
    const [name, set] = [bare(cells[geneAt]), cells[typeAt]];
    if (name !== '' && set !== '') sets.set(set, (sets.get(set) ?? new Set()).add(name));
  }
  return new Map([...sets].map(([set, genes]) => [set, { description: '', genes: [...genes] }]));
}

/** A table is told by the config's columns, or by a header that names both a gene and a type. */
export async function isGeneTable(file: string, { gene, type }: GeneSetsConfig): Promise<boolean> {
  if (gene !== undefined || type !== undefined) return true;
  const [first = ''] = await readLines(file);
  if (!/[\t,;]/.test(first)) return false;
  const header = await readHeader(file);
  return header.some((column) => GENE_COLUMN.test(column)) && header.some((column) => TYPE_COLUMN.test(column));
}

/**
 * Whether a file is a list of genes: no line of it has a separator.
 * @throws {InputError} for lines of several words: that is a GMT file without tabs.
 */
export async function isGeneList(file: string): Promise<boolean> {
  const lines = await readLines(file);
  if (lines.some((line) => /[\t,;]/.test(line))) return false;
  if (lines.some((line) => !line.startsWith('#') && line.trim().split(/\s+/).length >= 3)) throw withoutTabs(file);
  return true;
}
