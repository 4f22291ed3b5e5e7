import { DAYS_PER, PER_YEAR } from './outcome.js';
import { numberIn } from './survival.js';

/** Nobody is that old in years; the GDC gives the age at diagnosis in days. */
const OLDEST = 130;

/** An age as a cell gives it. */
export interface Age {
  readonly years: number;
  /** Whether the cell is a plain number of years or days, rather than `>89`, `54 years` or `45,5`. */
  readonly isPlain: boolean;
}

/** The age of the oldest is hidden: `>89`, `≥ 90`, `90+`, `90 or older`. */
const ABOVE = /^(>=?|≥|over|older than)\s*(\d+)(?:\s*(?:years?|yrs?|y))?$/i;
const AND_OLDER = /^(\d+)(?:\s*(?:years?|yrs?|y))?\s*(?:\+|(?:and|or) (?:older|over|above|more))$/i;
/** A number with a unit, a point or a decimal comma. Three digits behind a comma may be thousands. */
const WITH_UNIT = /^(\d+(?:\.\d+|,(?!\d{3}(?!\d))\d+)?)\s*([a-z. ]*)$/i;
/** How many of each unit a year has. */
const UNITS: readonly (readonly [words: RegExp, perYear: number])[] = [
  [/^(y|yrs?|years?|y\.?o\.?|years? old|years? of age)?\.?$/i, PER_YEAR.years],
  [/^(mo|mos|months?)\.?$/i, PER_YEAR.months],
  [/^(d|days?)\.?$/i, PER_YEAR.days],
];

const isAge = (years: number): boolean => years >= 0 && years <= OLDEST;

/** The age that a cell gives, in years; a plain number above 130 is one of days. Undefined for any other text. */
export function readAge(text: string): Age | undefined {
  const plain = numberIn(text);
  if (plain !== undefined) {
    const years = plain > OLDEST ? plain / DAYS_PER.years : plain;
    return isAge(years) ? { years, isPlain: true } : undefined;
  }
  const years = yearsIn(text.trim());
  return years !== undefined && isAge(years) ? { years, isPlain: false } : undefined;
}

function yearsIn(text: string): number | undefined {
  const above = ABOVE.exec(text);
  if (above) return Number(above[2]) + (/^(>|over|older than)$/i.test(above[1]) ? 1 : 0);
  const older = AND_OLDER.exec(text);
  if (older) return Number(older[1]);
  const measured = WITH_UNIT.exec(text);
  if (!measured) return undefined;
  const [, number, unit] = measured;
  const perYear = UNITS.find(([words]) => words.test(unit.trim()))?.[1];
  return perYear === undefined ? undefined : Number(number.replace(',', '.')) / perYear;
}
