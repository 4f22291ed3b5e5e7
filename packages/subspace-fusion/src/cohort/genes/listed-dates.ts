import { counted, someOf, type Problem } from '../../files/errors.js';
import { genesOfDate, genesOfDays, type DatedGene } from '../expression/spreadsheet-dates.js';

/**
 * The genes of a set with each date that a spreadsheet made turned back into the name of its gene; those that may be of several genes are left
 * out. Both are stated.
 */
export function withoutDates(
  genes: readonly string[],
  set: string,
  file: string,
  problems: Problem[],
): readonly string[] {
  const isSymbols = genes.filter((gene) => /^\d+$/.test(gene)).length < genes.length / 2;
  const found = genes.map((text) => {
    const dated = genesOfDate(text);
    const days = isSymbols && !dated ? genesOfDays(text) : [];
    return { text, dated: dated ?? (days.length > 0 ? days : undefined), isDays: !dated };
  });
  const dates = found.filter(({ dated }) => dated !== undefined);
  if (dates.length === 0) return genes;
  const isCertain = ({ dated, isDays }: (typeof found)[number]) => dated?.length === 1 && !isDays;
  const listed = (certain: boolean) =>
    dates
      .filter((one) => isCertain(one) === certain)
      .map(({ text, dated = [] }) => `${text} ${certain ? 'is read as' : 'may have been'} ${namesOf(dated)}`);
  const parts = [
    `${counted(dates.length, 'gene', 'genes')} of ${set} ${dates.length === 1 ? 'looks like a date' : 'look like dates'} that a spreadsheet made (${someOf(dates.map(({ text }) => text))})`,
    ...[listed(true), listed(false)].filter((list) => list.length > 0).map((list) => someOf(list, 10)),
  ];
  problems.push({
    severity: 'warning',
    file,
    message: parts.join('; '),
    remedy: 'Take the file from before it was opened in a spreadsheet, or correct the names',
  });
  return found.flatMap((one) => {
    if (one.dated === undefined) return [one.text];
    return isCertain(one) ? [one.dated[0][0]] : [];
  });
}

const namesOf = (dated: readonly DatedGene[]): string =>
  dated.length === 0
    ? 'a gene that is not known'
    : dated.map(([former, symbol]) => `${former} (now ${symbol})`).join(' or ');
