import { maxOf } from '../../files/lists.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { parseHeader, parseTable } from '../../files/table.js';
import type { Expression } from '../types.js';
import { geneSpellings, type Spelling } from './gene-spelling.js';
import type { RawExpression } from './samples.js';

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
 * @throws {InputError} for a table that cannot be read or has no such columns.
 */
export async function parseGeneMap(source: Source, problems: Problem[]): Promise<GeneMap> {
  const file = source.name;
  const header = await parseHeader(source);
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
  const { columns, rows } = await parseTable(
    source,
    (column) => column === symbolColumn || otherColumns.includes(column),
  );
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
 * A gene is known by the first of these that a gene set holds, or of which a gene set holds another spelling ({@link geneSpellings}), or, failing
 * that, by the first there is: its name in the file; its Ensembl id whatever the version; the symbol that the map gives to its id; the
 * file's own symbol, and what the map makes of that; the name without the Entrez id of `SYMBOL|1234`.
 */
export function geneNamer(needed: ReadonlySet<string>, map: GeneMap = new Map()): GeneNamer {
  const neededIds = new Map(
    [...needed].flatMap((gene) => {
      const id = ensemblId(gene);
      return id === undefined ? [] : [[id, gene] as const];
    }),
  );
  const spell = geneSpellings(needed);
  return (name, symbol) => {
    if (needed.has(name)) return name;
    const id = ensemblId(name);
    const parts = /^(.+)\|(\d+)$/.exec(name);
    const [bare, entrez] = [parts?.at(1), parts?.at(2)];
    const own = symbol || (bare === '?' ? entrez : bare);
    const mapped = map.get(id ?? name) ?? (own === undefined ? undefined : map.get(own));
    const candidates = [id && neededIds.get(id), mapped, own];
    const known = candidates.find((candidate) => candidate !== undefined && needed.has(candidate));
    return known ?? spelled([name, mapped, own], spell) ?? mapped ?? own ?? id ?? name;
  };
}

function spelled(
  texts: readonly (string | undefined)[],
  spell: (text: string) => Spelling | undefined,
): string | undefined {
  for (const text of texts) {
    const spelling = text === undefined ? undefined : spell(text);
    if (spelling) return spelling.gene;
  }
  return undefined;
}

/** Genes of the file that come to the same symbol, and which of them is read. */
export interface RepeatedGene {
  readonly symbol: string;
  readonly taken: string;
  readonly left: readonly string[];
}

/** Of the genes of one symbol the one with the highest mean over the patients is read, the first of equal ones. */
const REPEATED_GENE_RULE = 'the one with the highest mean is read';

/** Turns a reader's rows into `[patients, genes]`, one gene a symbol. */
export function withoutRepeatedGenes(raw: RawExpression): { expression: Expression; repeated: RepeatedGene[] } {
  const { patients, genes, rows, genesAreRows } = raw;
  const value = (patient: number, gene: number) => (genesAreRows ? rows[gene][patient] : rows[patient][gene]);
  const mean = (gene: number) => {
    let sum = 0;
    let known = 0;
    for (let p = 0; p < patients.length; p++) {
      const x = value(p, gene);
      if (Number.isNaN(x)) continue;
      sum += x;
      known++;
    }
    return known === 0 ? -Infinity : sum / known;
  };
  const placesOf = new Map<string, number[]>();
  genes.forEach(({ symbol }, g) => {
    const places = placesOf.get(symbol);
    if (places) places.push(g);
    else placesOf.set(symbol, [g]);
  });
  const repeated: RepeatedGene[] = [];
  const taken = [...placesOf].map(([symbol, places]) => {
    if (places.length === 1) return places[0];
    const means = places.map(mean);
    const best = places[means.indexOf(maxOf(means))];
    const left = places.filter((g) => g !== best).map((g) => genes[g].name);
    repeated.push({ symbol, taken: genes[best].name, left });
    return best;
  });
  const values = new Float32Array(patients.length * taken.length);
  for (let p = 0; p < patients.length; p++) {
    for (let g = 0; g < taken.length; g++) values[p * taken.length + g] = value(p, taken[g]);
  }
  return { expression: { patients, genes: [...placesOf.keys()], values }, repeated };
}

/** States which repeated genes of the gene sets were resolved; those that nobody needs go unmentioned. */
export function repeatedGeneProblems(
  file: string,
  repeated: readonly RepeatedGene[],
  needed: ReadonlySet<string>,
): Problem[] {
  const resolved = repeated.filter(({ symbol }) => needed.has(symbol));
  if (resolved.length === 0) return [];
  const named = resolved.map(({ symbol, taken, left }) =>
    left.every((name) => name === taken)
      ? `${symbol}, ${left.length + 1} times`
      : `${symbol}: ${taken} rather than ${left.join(', ')}`,
  );
  const message = `${counted(resolved.length, 'gene of the gene sets stands', 'genes of the gene sets stand')} there several times (${someOf(named)})`;
  return [{ severity: 'warning', file, message, remedy: `Of each, ${REPEATED_GENE_RULE}` }];
}
