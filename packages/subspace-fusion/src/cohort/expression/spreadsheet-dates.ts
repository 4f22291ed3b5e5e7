/**
 * Spreadsheets take some gene names for dates (Ziemann et al., Genome Biology 2016): SEPT7 becomes 7-Sep, MARCH3 3-Mar, in the words and the order of the
 * language, or a number of days. Which gene it was can be read back for most.
 */

/** The months in the languages of common spreadsheets, in small letters without accents, January first. */
const MONTHS = [
  'jan january januar janvier janv enero ene gennaio gen janeiro januari sty',
  'feb february februar fevrier fevr febrero febbraio fevereiro fev februari lut',
  'mar march marz maerz mrz mars marzo marco maart mrt marca',
  'apr april avril avr abril abr aprile kwi',
  'may mai mayo maggio mag maio mei maj',
  'jun june juni juin junio giugno giu junho cze',
  'jul july juli juillet juil julio luglio lug julho lip',
  'aug august aout agosto ago augustus augusti sie',
  'sep september sept septembre septiembre settembre set setembro wrz wrzesnia',
  'oct october okt oktober octobre octubre ottobre ott outubro out paz',
  'nov november novembre noviembre novembro lis',
  'dec december dez dezember decembre diciembre dic dicembre dezembro gru',
].map((names) => names.split(' '));
const MONTH_OF = new Map(MONTHS.flatMap((names, i) => names.map((name) => [name, i + 1] as const)));

/** One gene: its name of the time when spreadsheets could take it for a date, and the one that it has been given since. */
export type DatedGene = readonly [former: string, symbol: string];

/** The genes that turn into this number in this month. */
function genesOf(month: number, n: number): DatedGene[] {
  if (month === 3 && n >= 1 && n <= 11) {
    const march: DatedGene = [`MARCH${n}`, `MARCHF${n}`];
    return n <= 2 ? [march, [`MARC${n}`, `MTARC${n}`]] : [march];
  }
  if (month === 9 && n >= 1 && n <= 14) return [[`SEPT${n}`, `SEPTIN${n}`]];
  if (month === 9 && n === 15) return [['SEP15', 'SELENOF']];
  return month === 12 && n === 1 ? [['DEC1', 'DELEC1']] : [];
}

/** A month, and a number that was read as its day or, as in `Sep-07`, as its year. */
type Dated = readonly [month: number, n: number];

/** What a text may be the date of, in whichever order of day and month; undefined where it is no date. */
function readDate(text: string): Dated[] | undefined {
  // A date that went through R: X7.Sep, X2023.09.07.
  const plain = text.replace(/^X(?=\d)/, '').replace(/[ T]00:00(:00(\.0+)?)?$/, '');
  const words = withWords(plain) ?? withMonthFirst(plain);
  if (words) return words;
  const east = /^(?:\d{4}年)?(\d{1,2})月(\d{1,2})日$/.exec(plain);
  if (east) return valid([[Number(east[1]), Number(east[2])]]);
  const iso = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(plain);
  if (iso) {
    const [year, month, day] = [iso[1], iso[3], iso[4]].map(Number);
    return withYear(month, day, year);
  }
  const numeric = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$/.exec(plain);
  if (!numeric) return undefined;
  const [first, second, year] = [numeric[1], numeric[3], numeric[4]].map(Number);
  const dayFirst = withYear(second, first, year % 100) ?? [];
  const monthFirst = numeric[2] === '.' ? [] : (withYear(first, second, year % 100) ?? []);
  const all = [...dayFirst, ...monthFirst];
  return all.length > 0 ? all : undefined;
}

/** `7-Sep`, `07. Sept 2023`, `1. März`. */
function withWords(text: string): Dated[] | undefined {
  const [, day, month, year] = /^(\d{1,2})[-. /]+(\p{L}{3,})\.?(?:[-. /,]+(\d{2}|\d{4}))?$/u.exec(text) ?? [];
  const number = monthNumber(month);
  if (number === undefined) return undefined;
  return year ? withYear(number, Number(day), Number(year) % 100) : valid([[number, Number(day)]]);
}

/** `Sep-07`, `September 7, 2023`; a gene's alias such as OCT-4 is none. */
function withMonthFirst(text: string): Dated[] | undefined {
  if (/^[A-Z]{3,4}-\d$/.test(text)) return undefined;
  const [, month, day, year] = /^(\p{L}{3,})\.?[-. /]+(\d{1,2})(?:[-. /,]+(\d{2}|\d{4}))?$/u.exec(text) ?? [];
  const number = monthNumber(month);
  if (number === undefined) return undefined;
  return year ? withYear(number, Number(day), Number(year) % 100) : valid([[number, Number(day)]]);
}

function monthNumber(word: string | undefined): number | undefined {
  return word === undefined ? undefined : MONTH_OF.get(word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase());
}

/** The first of a month in the year 2007 may have been `Sep-07`, whose number was taken for a year. */
function withYear(month: number, day: number, year: number): Dated[] | undefined {
  const short = year % 100;
  const asYear: Dated[] = day === 1 && short >= 1 && short <= 15 && short !== day ? [[month, short]] : [];
  return valid([[month, day], ...asYear]);
}

function valid(dates: readonly Dated[]): Dated[] | undefined {
  const found = dates.filter(([month, n]) => month >= 1 && month <= 12 && n >= 1 && n <= 31);
  return found.length > 0 ? found : undefined;
}

/** Genes that a date may have been; undefined for a text that is no date, empty for a date that no known gene turns into. */
export function genesOfDate(text: string): readonly DatedGene[] | undefined {
  // Most names are told apart by a look.
  if (!/\d/.test(text) || !/[-. /月]/.test(text)) return undefined;
  return readDate(text)?.flatMap(([month, n]) => genesOf(month, n));
}

/** Day 0 of spreadsheets, in milliseconds. */
const DAY_0 = Date.UTC(1899, 11, 30);

/**
 * Genes that a number of days since 1900 may have been (44446 is 7 September 2021); empty for any other text. An Entrez id looks the same.
 */
export function genesOfDays(text: string): readonly DatedGene[] {
  if (!/^[34]\d{4}$/.test(text)) return [];
  const date = new Date(DAY_0 + Number(text) * 86_400_000);
  return genesOf(date.getUTCMonth() + 1, date.getUTCDate());
}

/** The name that HGNC gave a gene so that spreadsheets leave it alone, or the one that it had before: SEPT7 and SEPTIN7. */
export function otherNameOf(gene: string): string | undefined {
  const match = /^(SEPT|SEPTIN|MARCH|MARCHF|MARC|MTARC)(\d{1,2})$/.exec(gene);
  const known = match
    ? genesOf(match[1].startsWith('SEPT') ? 9 : 3, Number(match[2]))
    : [...genesOf(9, 15), ...genesOf(12, 1)];
  const pair = known.find((names) => names.includes(gene));
  return pair?.find((name) => name !== gene);
}
