import { someOf, type Problem } from '../../files/errors.js';
import type { Group, Hdf5 } from '../../files/hdf5.js';
import { ensemblId } from './gene-names.js';
import { isStringColumn, readStrings } from './h5ad-columns.js';
import type { FileGene, ReadContext } from './samples.js';

/** Columns of `var` that hold symbols where its index holds Ensembl ids, the best first. */
const SYMBOLS = ['gene_symbols', 'gene_symbol', 'gene_name', 'gene_names', 'feature_name', 'symbol', 'hgnc_symbol'];

/** Names of an axis, and how many genes of the gene sets are among them. */
interface Names {
  readonly column: string;
  readonly names: readonly string[];
  readonly known: number;
}

/**
 * The genes by the index of `var`, to which a column gives symbols where it holds Ensembl ids; by a column of text that holds over twice as many genes of the
 * gene sets, where there is one.
 */
export async function variableGenes(
  hdf5: Hdf5,
  variables: Group,
  ids: readonly string[],
  context: ReadContext,
  file: string,
  problems: Problem[],
): Promise<FileGene[]> {
  const { nameGene } = context;
  const columns: Names[] = [];
  for (const column of variables.keys) {
    const entity = await hdf5.get(variables, column);
    if (!(await isStringColumn(hdf5, entity))) continue;
    const names = await readStrings(hdf5, entity, file, `${variables.path}/${column}`);
    columns.push({ column, names, known: names.length === ids.length ? genesAmong(names, context) : 0 });
  }
  const best = columns.reduce<Names | undefined>((a, b) => (b.known > (a?.known ?? 0) ? b : a), undefined);
  if (ids.some((id) => ensemblId(id))) {
    const usual = SYMBOLS.flatMap((name) => columns.find(({ column }) => column === name) ?? []).at(0);
    const symbols = (best ?? usual)?.names;
    return ids.map((name, g) => ({ name, said: symbols?.[g], symbol: nameGene(name, symbols?.[g]) }));
  }
  const known = genesAmong(ids, context);
  if (!best || best.known <= 2 * known) return ids.map((name) => ({ name, symbol: nameGene(name) }));
  const message = `the index of 'var' (${someOf(ids)}) holds ${known} of the genes of the gene sets, its column '${best.column}' ${best.known}`;
  problems.push({ severity: 'warning', file, message, remedy: 'The genes are read from the column' });
  return best.names.map((name) => ({ name, symbol: nameGene(name) }));
}

function genesAmong(names: readonly string[], { genes, nameGene }: ReadContext): number {
  return new Set(names.map((name) => nameGene(name)).filter((gene) => genes.has(gene))).size;
}
