import { counted, someOf, type Problem } from '../../files/errors.js';
import { append } from '../../files/lists.js';
import { rSpellings } from './r-names.js';
import type { FileGene } from './samples.js';
import { genesOfDate, genesOfDays, otherNameOf, type DatedGene } from './spreadsheet-dates.js';

/** What made another text of a gene's name: a spreadsheet, R, or HGNC, who renamed the genes that spreadsheets took for dates. */
type Maker = 'spreadsheet' | 'R' | 'HGNC';

/** A gene that is known by another spelling of its name. */
export interface Spelling {
  readonly gene: string;
  readonly by: Maker;
}

/** Finds the gene of the gene sets that a text spells otherwise, where it can only be that one. */
export function geneSpellings(needed: ReadonlySet<string>): (text: string) => Spelling | undefined {
  const fromR = rSpellings(needed);
  return (text) => {
    const dated = genesOfDate(text);
    if (dated) {
      const gene = dated.length === 1 ? dated[0].find((name) => needed.has(name)) : undefined;
      return gene === undefined ? undefined : { gene, by: 'spreadsheet' };
    }
    const other = otherNameOf(text);
    if (other !== undefined && needed.has(other)) return { gene: other, by: 'HGNC' };
    const gene = fromR(text);
    return gene === undefined ? undefined : { gene, by: 'R' };
  };
}

/** A gene of the file that another spelling brought to a gene of the gene sets. */
interface Respelled extends Spelling {
  readonly text: string;
}

/**
 * Takes back what is not certain among a file's genes: a spelling of a gene that is there by its own name, or by two spellings. States
 * what is left of them, and dates of which no one can know the gene.
 */
export function settleSpellings(
  file: string,
  genes: readonly FileGene[],
  needed: ReadonlySet<string>,
  problems: Problem[],
): readonly FileGene[] {
  const spell = geneSpellings(needed);
  const respelled = genes.map((gene) => respelling(gene, needed, spell));
  const texts = new Map<string, Set<string> | 'its own'>();
  genes.forEach(({ symbol }, g) => {
    const text = respelled[g]?.text;
    const before = texts.get(symbol);
    if (text === undefined || before === 'its own') texts.set(symbol, 'its own');
    else texts.set(symbol, (before ?? new Set<string>()).add(text));
  });
  const isCertain = ({ gene }: Respelled) => {
    const known = texts.get(gene);
    return known instanceof Set && known.size === 1;
  };
  const settled = genes.map((gene, g) => {
    const other = respelled[g];
    return other && !isCertain(other) ? { ...gene, symbol: gene.name } : gene;
  });
  const certain = respelled.filter((other): other is Respelled => other !== undefined && isCertain(other));
  append(problems, spellingProblems(file, settled, certain, needed));
  return settled;
}

function respelling(
  { name, said, symbol }: FileGene,
  needed: ReadonlySet<string>,
  spell: (text: string) => Spelling | undefined,
): Respelled | undefined {
  if (!needed.has(symbol) || name === symbol || said === symbol) return undefined;
  for (const text of [name, said]) {
    const spelling = text === undefined ? undefined : spell(text);
    if (text !== undefined && spelling?.gene === symbol) return { text, ...spelling };
  }
  return undefined;
}

function spellingProblems(
  file: string,
  genes: readonly FileGene[],
  respelled: readonly Respelled[],
  needed: ReadonlySet<string>,
): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file, message, remedy });
  const by = (maker: Maker) => respelled.filter((one) => one.by === maker);
  const pairs = (maker: Maker) => someOf(by(maker).map(({ text, gene }) => `${text} for ${gene}`));
  const dates = dateProblem(genes, by('spreadsheet'), needed);
  if (dates) warn(dates, 'Take the file from before it was opened in a spreadsheet, or correct the names');
  const [fromR, renamed] = [by('R').length, by('HGNC').length];
  if (fromR > 0)
    warn(
      `${counted(fromR, 'gene of the gene sets has a name', 'genes of the gene sets have names')} as R writes them (${pairs('R')})`,
      'They are read as these genes',
    );
  if (renamed > 0)
    warn(
      `${counted(renamed, 'gene of the gene sets has its', 'genes of the gene sets have their')} name of before or after HGNC changed it (${pairs('HGNC')})`,
      'They are read as these genes',
    );
  return problems;
}

/** What is to be said of names that are dates; undefined where there are none. */
function dateProblem(
  genes: readonly FileGene[],
  read: readonly Respelled[],
  needed: ReadonlySet<string>,
): string | undefined {
  const there = new Set(genes.map(({ symbol }) => symbol));
  const sought = (candidates: readonly DatedGene[]) =>
    candidates.flatMap((names) =>
      names.some((name) => there.has(name)) ? [] : names.filter((name) => needed.has(name)),
    );
  const texts = new Set(genes.map(({ name, said }) => said ?? name));
  const numbers = [...texts].filter((text) => /^\d+$/.test(text));
  // Where most names are numbers, they are Entrez ids.
  const days = numbers.length < texts.size / 2 ? numbers.filter((text) => sought(genesOfDays(text)).length > 0) : [];
  const dates = [...[...texts].filter((text) => genesOfDate(text) !== undefined), ...days];
  if (dates.length === 0) return undefined;
  const lost = new Set(dates.flatMap((text) => sought(genesOfDate(text) ?? genesOfDays(text))));
  const parts = [
    `${counted(dates.length, 'gene name looks like a date', 'gene names look like dates')} that a spreadsheet made (${someOf(dates)})`,
    ...(read.length > 0
      ? [
          someOf(
            read.map(({ text, gene }) => `${text} is read as ${gene}`),
            10,
          ),
        ]
      : []),
    ...(lost.size > 0 ? [`${someOf(lost, 10)} of the gene sets may be among those that are not read`] : []),
  ];
  return parts.join('; ');
}
