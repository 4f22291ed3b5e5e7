import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config, GeneSetsConfig } from '../../config/config.js';
import { decodeText } from '../../files/decode.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { readHeader, readTable, requireFile } from '../../files/file-source.js';
import { suggest } from '../../files/text.js';
import { SUBSPACES, type Cohort, type Expression, type Subspace } from '../types.js';

/** Whether a config leaves the gene sets to the package. */
export const usesDefaultGeneSets = ({ file }: GeneSetsConfig): boolean => file === undefined;

/**
 * File of the gene sets: the config's, or the glioma sets that come with the package (gene-sets/README.md). A config never holds the
 * path of the latter, so that it means the same wherever the package is.
 */
export const geneSetsFile = ({ file }: GeneSetsConfig): string =>
  file ?? fileURLToPath(new URL('../../../gene-sets/glioma.gmt', import.meta.url));

/** Sets by name. */
type GeneSets = ReadonlyMap<string, readonly string[]>;

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
  return decodeText(bytes, file).split(/\r\n?|\n/);
}

/** Reads a GMT file: one set a line, `name <tab> source <tab> gene <tab> gene …`. A gene counts once in a set. */
export async function readGeneSets(file: string): Promise<Map<string, readonly string[]>> {
  const sets = new Map<string, readonly string[]>();
  (await readLines(file)).forEach((line, i) => {
    if (line.trim() === '') return;
    const [name, , ...genes] = line.split('\t').map((cell) => cell.trim());
    const wrong = (message: string, remedy: string) => badInput({ file, row: i + 1, message, remedy });
    if (genes.length === 0)
      throw wrong('the line has no genes', 'A line of GMT is: name, source, genes, separated by tabs');
    if (sets.has(name)) throw wrong(`the set '${name}' stands here a second time`, 'Rename or delete one of them');
    sets.set(name, [...new Set(genes.filter((gene) => gene !== ''))]);
  });
  return sets;
}

/** Reads a list of genes, one a line; a line that starts with # is a comment. */
export async function readGeneList(file: string): Promise<readonly string[]> {
  const genes = new Set<string>();
  (await readLines(file)).forEach((line, i) => {
    const gene = line.trim();
    if (gene === '' || gene.startsWith('#')) return;
    if (/[\t,;]/.test(gene)) {
      throw badInput({
        file,
        row: i + 1,
        message: 'the line has more than one gene',
        remedy: 'Write one gene a line, or name a GMT file alone',
      });
    }
    genes.add(gene);
  });
  if (genes.size === 0) throw badInput({ file, message: 'the list has no gene', remedy: 'Write one gene a line' });
  return [...genes];
}

const GENE_COLUMN = /^(gene|genes|symbol|gene[_ ]symbol|gene[_ ]name|hugo[_ ]symbol|hgnc[_ ]symbol)$/i;
const TYPE_COLUMN = /^(type|subspace|set|gene[_ ]set|category|class|group)$/i;

/** Reads a table with a row a gene, and a column that says which set it belongs to. */
async function readGeneTable(file: string, { gene, type }: GeneSetsConfig): Promise<GeneSets> {
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
    const [name, set] = [cells[geneAt], cells[typeAt]];
    if (name !== '' && set !== '') sets.set(set, (sets.get(set) ?? new Set()).add(name));
  }
  return new Map([...sets].map(([set, genes]) => [set, [...genes]]));
}

/** A table is told by the config's columns, or by a header that names both a gene and a type. */
async function isGeneTable(file: string, { gene, type }: GeneSetsConfig): Promise<boolean> {
  if (gene !== undefined || type !== undefined) return true;
  const [first = ''] = await readLines(file);
  if (!/[\t,]/.test(first)) return false;
  const header = await readHeader(file);
  return header.some((column) => GENE_COLUMN.test(column)) && header.some((column) => TYPE_COLUMN.test(column));
}

/** Whether a file is a list of genes: no line of it has a separator. */
async function isGeneList(file: string): Promise<boolean> {
  return !(await readLines(file)).some((line) => /[\t,;]/.test(line));
}

/** The two sets, in whichever form they stand. */
async function readBothSets(config: GeneSetsConfig): Promise<Cohort['genes']> {
  const file = geneSetsFile(config);
  const { microenvironmentFile } = config;
  if (microenvironmentFile !== undefined) {
    return { tumour: await readGeneList(file), microenvironment: await readGeneList(microenvironmentFile) };
  }
  const asTable = await isGeneTable(file, config);
  if (!asTable && (await isGeneList(file))) {
    throw badInput({
      file,
      message: 'the file lists the genes of one set',
      remedy: 'Name the file of the other set by geneSets.microenvironmentFile',
    });
  }
  const sets = asTable ? await readGeneTable(file, config) : await readGeneSets(file);
  const [tumour, microenvironment] = SUBSPACES.map((subspace) => {
    const name = config[subspace];
    const genes = sets.get(name);
    if (genes) return genes;
    throw badInput({
      file,
      message: `there is no set '${name}' (geneSets.${subspace})`,
      remedy: suggest(name, [...sets.keys()]),
    });
  }) as [readonly string[], readonly string[]];
  return { tumour, microenvironment };
}

/** Genes that both subspaces have. */
export const overlap = ({ tumour, microenvironment }: Cohort['genes']): string[] => {
  const others = new Set(microenvironment);
  return tumour.filter((gene) => others.has(gene));
};

/**
 * The genes of the two subspaces, from GMT, a table or two lists. A gene of both sets is a warning: the subspaces are meant to be disjoint.
 * @param symbols Symbols of other names, where the user gives them; the sets' genes are brought to them as the matrix's are.
 * @throws {InputError} for a file that cannot be read, or a set that is not in it.
 */
export async function readSubspaceGenes(
  config: GeneSetsConfig,
  problems: Problem[],
  symbols: ReadonlyMap<string, string> = new Map(),
): Promise<Cohort['genes']> {
  const read = await readBothSets(config);
  const renamed = (genes: readonly string[]) => [...new Set(genes.map((gene) => symbols.get(gene) ?? gene))];
  const sets = { tumour: renamed(read.tumour), microenvironment: renamed(read.microenvironment) };
  const both = overlap(sets);
  if (both.length > 0) {
    problems.push({
      severity: 'warning',
      file: geneSetsFile(config),
      message: `${counted(both.length, 'gene is', 'genes are')} in both sets (${someOf(both)})`,
      remedy: 'Take them out of one set to keep the subspaces apart',
    });
  }
  return sets;
}

/** Genes of each set that the matrix has; the others are counted. */
export function presentGenes(
  { geneSets: config }: Pick<Config, 'geneSets'>,
  geneSets: Cohort['genes'],
  expression: Expression,
  problems: Problem[],
): Cohort['genes'] {
  const inMatrix = new Set(expression.genes);
  const present = (subspace: Subspace) => {
    const all = geneSets[subspace];
    const set = config[subspace];
    const absent = all.filter((gene) => !inMatrix.has(gene));
    const kept = all.filter((gene) => inMatrix.has(gene));
    const note = (severity: Problem['severity'], message: string, remedy: string) =>
      problems.push({ severity, file: geneSetsFile(config), message, remedy });
    if (kept.length === 0)
      note('error', `no gene of ${set} is left of ${all.length}`, 'Use the gene symbols of the expression matrix');
    else if (absent.length > 0) {
      note(
        'warning',
        `${absent.length} of ${all.length} genes of ${set} are not in the matrix (${someOf(absent)})`,
        'The model is built without them',
      );
    }
    return kept;
  };
  return { tumour: present('tumour'), microenvironment: present('microenvironment') };
}
