import { fileURLToPath } from 'node:url';
import type { Config, GeneSetsConfig } from '../../config/config.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import { SUBSPACES, type Cohort, type Expression, type Subspace } from '../types.js';
import { isGeneList, isGeneTable, readGeneList, readGeneTable, readGmt, type GeneSet } from './gene-files.js';
import { withoutDates } from './listed-dates.js';

/** Whether a config leaves the gene sets to the package. */
export const usesDefaultGeneSets = ({ file }: GeneSetsConfig): boolean => file === undefined;

/**
 * File of the gene sets: the config's, or the glioma sets that come with the package (gene-sets/README.md). A config never holds the
 * path of the latter, so that it means the same wherever the package is.
 */
export const geneSetsFile = ({ file }: GeneSetsConfig): string =>
  file ?? fileURLToPath(new URL('../../../gene-sets/glioma.gmt', import.meta.url));

/** The two sets, in whichever form they stand. */
async function readBothSets(config: GeneSetsConfig): Promise<Record<Subspace, GeneSet>> {
  const file = geneSetsFile(config);
  const { microenvironmentFile } = config;
  if (microenvironmentFile !== undefined) {
    const list = async (path: string) => ({ description: '', genes: await readGeneList(path) });
    return { tumour: await list(file), microenvironment: await list(microenvironmentFile) };
  }
  const asTable = await isGeneTable(file, config);
  if (!asTable && (await isGeneList(file))) {
    throw badInput({
      file,
      message: 'the file lists the genes of one set',
      remedy: 'Name the file of the other set by geneSets.microenvironmentFile',
    });
  }
  const sets = asTable ? await readGeneTable(file, config) : await readGmt(file);
  const setOf = (subspace: Subspace): GeneSet => {
    const name = config[subspace];
    const set = sets.get(name);
    if (set) return set;
    throw badInput({
      file,
      message: `there is no set '${name}' (geneSets.${subspace})`,
      remedy: suggest(name, [...sets.keys()]),
    });
  };
  return { tumour: setOf('tumour'), microenvironment: setOf('microenvironment') };
}

/** Genes that both subspaces have. */
export const overlap = ({ tumour, microenvironment }: Cohort['genes']): string[] => {
  const others = new Set(microenvironment);
  return tumour.filter((gene) => others.has(gene));
};

/** The genes of both sets as their file gives them. */
export interface ReadGeneSets extends Readonly<Cohort['genes']> {
  /** Words of the file that describe a set or, where it has no descriptions, are the first gene of each. */
  readonly descriptions?: Readonly<Record<Subspace, string>>;
}

/**
 * The genes of the two subspaces, from GMT, a table or two lists. A gene of both sets is a warning: the subspaces are meant to be disjoint.
 * @param symbols Symbols of other names, where the user gives them; the sets' genes are brought to them as the matrix's are.
 * @throws {InputError} for a file that cannot be read, or a set that is not in it.
 */
export async function readSubspaceGenes(
  config: GeneSetsConfig,
  problems: Problem[],
  symbols: ReadonlyMap<string, string> = new Map(),
): Promise<ReadGeneSets> {
  const read = await readBothSets(config);
  const renamed = (subspace: Subspace) => {
    const file = (subspace === 'microenvironment' ? config.microenvironmentFile : undefined) ?? geneSetsFile(config);
    const genes = withoutDates(read[subspace].genes, config[subspace], file, problems);
    return [...new Set(genes.map((gene) => symbols.get(gene) ?? gene))];
  };
  const sets = { tumour: renamed('tumour'), microenvironment: renamed('microenvironment') };
  const both = overlap(sets);
  if (both.length > 0) {
    problems.push({
      severity: 'warning',
      file: geneSetsFile(config),
      message: `${counted(both.length, 'gene is', 'genes are')} in both sets (${someOf(both)})`,
      remedy: 'Take them out of one set to keep the subspaces apart',
    });
  }
  const [tumour, microenvironment] = SUBSPACES.map((subspace) => read[subspace].description);
  const areWords = [tumour, microenvironment].every((text) => /^[\w.-]+$/.test(text)) && tumour !== microenvironment;
  return areWords ? { ...sets, descriptions: { tumour, microenvironment } } : sets;
}

/** All genes that the sets may have: those whose values are looked at closely in a matrix. */
export const genesSought = ({ tumour, microenvironment, descriptions }: ReadGeneSets): Set<string> =>
  new Set([...tumour, ...microenvironment, ...Object.values(descriptions ?? {})]);

/** The sets when the genes of the matrices are known: where both descriptions are genes, the GMT file has none, and they are the first genes of the sets. */
export function settleDescriptions(
  config: GeneSetsConfig,
  { descriptions, ...sets }: ReadGeneSets,
  isGene: (name: string) => boolean,
  problems: Problem[],
): Cohort['genes'] {
  const genes = SUBSPACES.filter((subspace) => descriptions && isGene(descriptions[subspace]));
  if (!descriptions || genes.length === 0) return sets;
  const warn = (message: string, remedy: string) =>
    problems.push({ severity: 'warning', file: geneSetsFile(config), message, remedy });
  const named = genes.map((subspace) => `'${descriptions[subspace]}' of ${config[subspace]}`).join(' and ');
  if (genes.length < SUBSPACES.length) {
    warn(`the description ${named} is a gene of the matrix`, 'If it is one of the set, write a description before it');
    return sets;
  }
  warn(
    `the sets have no descriptions: ${named}, which are in their place, are genes of the matrix`,
    'They are read as genes of the sets; a line of GMT is: name, description, genes',
  );
  const withFirst = (subspace: Subspace) => [...new Set([descriptions[subspace], ...sets[subspace]])];
  return { tumour: withFirst('tumour'), microenvironment: withFirst('microenvironment') };
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
      note(
        'error',
        `no gene of ${set} is left of ${all.length} (${someOf(all)})`,
        `Use the gene symbols of the expression matrix (${someOf(expression.genes)})`,
      );
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
