import { badInput, counted, someOf, type Problem } from '../problems.js';
import { readHeader, readTable } from '../table.js';

/** A gene's other names (Ensembl or Entrez ids, former and alias symbols) → its symbol. Ensembl ids stand without version. */
export type GeneMap = ReadonlyMap<string, string>;

const ENSEMBL = /^(ENSG\d{11})(?:\.\d+)?(?:_PAR_Y)?$/;

/** `ENSG00000000003.15` → `ENSG00000000003`; undefined for what is no Ensembl gene id. */
export const ensemblId = (name: string): string | undefined => ENSEMBL.exec(name)?.[1];

/** Columns of a mapping table, by their names in HGNC's, Ensembl's, Xena's and Allen's tables. */
const SYMBOL = /^(symbol|hgnc_symbol|approved[ _]symbol|gene_symbol|gene[ _]name|gene|to)$/i;
const OTHER =
  /^(id|gene_?id|ensembl|ensembl_?(gene_)?id|gene stable id( version)?|entrez|entrez_?(gene_)?id|gene_entrez_id|ncbi_gene_id|alias(es|_symbols?)?|prev(ious)?_symbols?|previous symbols?|alias symbols?|synonyms?|probe|from)$/i;

/**
 * Reads a mapping table: a column of symbols (`symbol`, `gene_name`, …) and columns of other names (`gene_id`, `alias_symbol`, …; several in a
 * cell are divided by `|`), or any two columns, other name first. A name that is itself a symbol of the table maps to nothing
 * else, and one that stands for several symbols is left out, with a warning.
 * @throws {UserError} for a table that cannot be read or has no such columns.
 */
export async function readGeneMap(file: string, problems: Problem[]): Promise<GeneMap> {
  const header = await readHeader(file);
  const found = header.find((column) => SYMBOL.test(column));
  const symbolColumn = found ?? (header.length === 2 ? header[1] : undefined);
  const otherColumns = header.filter(
    (column) => column !== symbolColumn && (header.length === 2 || OTHER.test(column)),
  );
  if (symbolColumn === undefined || otherColumns.length === 0) {
    throw badInput({
      file,
      message: `no column of symbols and of other names is told by the header (${someOf(header)})`,
      remedy: "Name them 'symbol' and 'gene_id' (or 'alias'), or keep two columns: other name, symbol",
    });
  }
  const { columns, rows } = await readTable(file, (column) => column === symbolColumn || otherColumns.includes(column));
  const symbolAt = columns.indexOf(symbolColumn);
  const othersAt = columns.flatMap((_, i) => (i === symbolAt ? [] : [i]));
  const symbols = new Set(rows.map(({ cells }) => cells[symbolAt]));
  const map = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { cells } of rows) {
    const symbol = cells[symbolAt];
    if (symbol === '') continue;
    for (const name of othersAt
      .flatMap((at) => cells[at].split('|'))
      .map((text) => ensemblId(text.trim()) ?? text.trim())) {
      if (name === '' || symbols.has(name)) continue;
      if ((map.get(name) ?? symbol) !== symbol) ambiguous.add(name);
      map.set(name, symbol);
    }
  }
  for (const name of ambiguous) map.delete(name);
  if (ambiguous.size > 0) {
    const message = `${counted(ambiguous.size, 'name stands', 'names stand')} for several symbols (${someOf(ambiguous)})`;
    problems.push({ severity: 'warning', file, message, remedy: 'They are mapped to none of them' });
  }
  return map;
}

/** Turns a gene's name in a file, and the symbol that the file gives beside it, into the name by which it is known here. */
export type GeneNamer = (name: string, symbol?: string) => string;

/**
 * A gene is known by the first of these that a gene set holds or, failing that, by the first there is: its name in the file; its Ensembl id
 * whatever the version; the symbol that the map gives to its id; the file's own symbol, and what the map makes of that; the name
 * without the Entrez id of `SYMBOL|1234`.
 */
export function geneNamer(needed: ReadonlySet<string>, map: GeneMap = new Map()): GeneNamer {
  const neededIds = new Map(
    [...needed].flatMap((gene) => (ensemblId(gene) ? [[ensemblId(gene)!, gene] as const] : [])),
  );
  return (name, symbol) => {
    const id = ensemblId(name);
    const [, bare, entrez] = /^(.+)\|(\d+)$/.exec(name) ?? [];
    const own = symbol || (bare === '?' ? entrez : bare);
    const mapped = map.get(id ?? name) ?? (own === undefined ? undefined : map.get(own));
    const known = [name, id && neededIds.get(id), mapped, own].find(
      (candidate) => candidate !== undefined && needed.has(candidate),
    );
    return known ?? mapped ?? own ?? id ?? name;
  };
}
