import type { TimeUnit } from '../types.js';

export const DAYS_PER: Readonly<Record<TimeUnit, number>> = { days: 1, months: 30.4375, years: 365.25 };

/** Longest follow-up that a study of gliomas has, in years. */
const LONGEST_YEARS = 60;

/** A time in another unit. */
export const convertTime = (time: number, from: TimeUnit, to: TimeUnit): number =>
  from === to ? time : (time * DAYS_PER[from]) / DAYS_PER[to];

/** The unit that a column's name tells: `days_to_death`, `OS_MONTHS`, `survival_years`. */
export function unitInName(column: string): TimeUnit | undefined {
  if (/(^|[^a-z])days?([^a-z]|$)/i.test(column)) return 'days';
  if (/(^|[^a-z])months?([^a-z]|$)/i.test(column)) return 'months';
  return /(^|[^a-z])years?([^a-z]|$)/i.test(column) ? 'years' : undefined;
}

/** Whether a longest time is longer than any follow-up, which tells of a wrong unit. */
export const isTooLong = (time: number, unit: TimeUnit): boolean => convertTime(time, unit, 'years') > LONGEST_YEARS;
