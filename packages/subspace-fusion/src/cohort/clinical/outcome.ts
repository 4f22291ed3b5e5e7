import type { Config } from '../../config/config.js';
import { counted, someOf, type Problem } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import type { Endpoint, Patient, TimeUnit } from '../types.js';

/** Days in each unit of time. */
export const DAYS_PER: Readonly<Record<TimeUnit, number>> = { days: 1, months: 30.4375, years: 365.25 };

/** How many of each unit of time a year has: 365.25 days, 12 months, 1 year. */
export const PER_YEAR: Readonly<Record<TimeUnit, number>> = {
  days: DAYS_PER.years,
  months: DAYS_PER.years / DAYS_PER.months,
  years: 1,
};

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
const isTooLong = (time: number, unit: TimeUnit): boolean => convertTime(time, unit, 'years') > LONGEST_YEARS;

/** A column that says who was censored holds 1 where the others hold 0. */
const countsCensored = (column: string): boolean => /censor/i.test(column);

const SEEN = new Set(['dead', 'deceased', 'died', 'death', 'true', 'yes']);
const NOT_SEEN = new Set(['alive', 'living', 'censored', 'false', 'no']);

/**
 * Whether the event was seen, by a cell of an event column: 0 or 1, cBioPortal's `1:DECEASED` and `0:LIVING`, or words. Digits in a column
 * named like "censorship" mean the opposite; words mean what they say. Undefined for what is none of these.
 */
export function eventOf(cell: string, column: string): boolean | undefined {
  const text = cell.trim().toLowerCase();
  const digit = /^([01])(\.0*)?(:.*)?$/.exec(text);
  if (digit) return (digit[1] === '1') !== countsCensored(column);
  const word = SEEN.has(text) ? true : NOT_SEEN.has(text) ? false : undefined;
  // "yes" in a column of censoring says that it was censored.
  return word !== undefined && /^(true|yes|false|no)$/.test(text) ? word !== countsCensored(column) : word;
}

/** Columns that tell of death in other words, by which an event column is checked. */
const WITNESSES = /^(vital[_. ]?status.*|os[_.]status|os|dead|death|deceased|censorship|censored|event|os_event)$/i;

/** What other columns say of the event. */
export interface EventWitness {
  readonly column: string;
  /** Ids of patients of whom it says the same, and the opposite. */
  readonly agree: readonly string[];
  readonly contradict: readonly string[];
}

/** Compares an event column with every other column of the table that tells of death. */
function eventWitnesses(
  patients: readonly { readonly id: string; readonly clinical: Readonly<Record<string, string>> }[],
  columns: readonly string[],
  event: string,
): EventWitness[] {
  return columns
    .filter((column) => column !== event && WITNESSES.test(column))
    .map((column) => {
      const agree: string[] = [];
      const contradict: string[] = [];
      for (const { id, clinical } of patients) {
        const [one, other] = [eventOf(clinical[event], event), eventOf(clinical[column], column)];
        if (one !== undefined && other !== undefined) (one === other ? agree : contradict).push(id);
      }
      return { column, agree, contradict };
    });
}

/** What a column's name says of an endpoint other than death. */
const OTHER_ENDPOINT = /pfs|pfi|dfs|dfi|dss|progress|recur|relapse/i;
const ABBREVIATED = /pfs|pfi|dfs|dfi|dss/i;

const OVERALL_SURVIVAL = 'OS';

export const isOverallSurvival = ({ name }: Pick<Endpoint, 'name'>): boolean =>
  /^(os|overall survival|death)$/i.test(name);

type Options = Pick<Config['clinical'], 'time' | 'event' | 'endpoint' | 'eventValues'>;

/** The endpoint's name as the config gives it, or as the name of the event's column tells; OS otherwise. */
function nameOf(event: string, given: string | undefined): string {
  if (given !== undefined) return given;
  if (!OTHER_ENDPOINT.test(event)) return OVERALL_SURVIVAL;
  return ABBREVIATED.exec(event)?.[0].toUpperCase() ?? event;
}

/** The endpoint and its censoring rule; undefined where no columns are known. */
export function endpointOf({ time, event, endpoint, eventValues }: Options): Endpoint | undefined {
  if (time === undefined || event === undefined) return undefined;
  const rule = eventValues
    ? `seen where ${event} is ${eventValues.map((value) => `'${value}'`).join(' or ')}, otherwise censored`
    : countsCensored(event)
      ? `censored where ${event} is 1, seen where it is 0`
      : `seen where ${event} is 1 (or says so in a word), censored where it is 0`;
  return { name: nameOf(event, endpoint), time, event, rule };
}

/** Whether a cell holds a value, in any case; pandas writes 2.0 for 2 where a cell of the column is empty. */
function isSame(value: string, cell: string): boolean {
  const [one, other] = [value.trim().toLowerCase(), cell.trim().toLowerCase()];
  return one === other || (one !== '' && other !== '' && Number(one) === Number(other));
}

/** Whether the event was seen, by the config's values of it or by {@link eventOf}; undefined for what is neither. */
export function eventBy(column: string, eventValues: Options['eventValues'], cell: string): boolean | undefined {
  if (!eventValues) return eventOf(cell, column);
  return eventValues.some((value) => isSame(value, cell));
}

/** Two columns of death differ for some patients (by a later follow-up, or another endpoint); for so many, one of them means the opposite. */
const OPPOSITE = 0.8;

/** Columns that hold a day of death, which the living have none of. */
const DEATH_DAY = /(^|[._ ])(days_to_death|death_days_to)$/i;

/** Patients of whom the event says that they live, and another column holds the day of their death. */
function livingWithDeathDay(
  patients: readonly Pick<Patient, 'id' | 'clinical'>[],
  columns: readonly string[],
  { time, event }: { readonly time: string; readonly event: string },
): EventWitness[] {
  return columns
    .filter((column) => column !== time && DEATH_DAY.test(column))
    .map((column) => {
      const living = patients.filter(({ clinical }) => eventOf(clinical[event], event) === false);
      const contradict = living.filter(({ clinical }) => clinical[column] !== '').map(({ id }) => id);
      return { column, agree: [], contradict };
    });
}

/**
 * Whether times and events are what their columns' names and the rest of the table say.
 * @param own The user's names of the columns of time and event, for messages.
 */
export function survivalProblems(
  file: string,
  patients: readonly Pick<Patient, 'id' | 'clinical' | 'survival'>[],
  columns: readonly string[],
  config: Config['clinical'],
  own: Pick<Config['clinical'], 'time' | 'event'> = config,
): Problem[] {
  const { time, event, timeUnit, eventValues } = config;
  const endpoint = endpointOf(config);
  if (time === undefined || event === undefined || !endpoint) return [];
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], message: string, remedy: string) =>
    problems.push({ severity, file, message, remedy });

  const named = unitInName(time);
  if (named !== undefined && named !== timeUnit) {
    add(
      'warning',
      `the column '${time}' is named after ${named}, and clinical.timeUnit is ${timeUnit}`,
      `Set clinical.timeUnit to ${named}, if it is`,
    );
  }
  const longest = patients.reduce((most, { survival }) => Math.max(most, survival?.time ?? 0), 0);
  if (isTooLong(longest, timeUnit)) {
    add(
      'warning',
      `the longest time of '${own.time ?? time}' is ${longest} ${timeUnit}, longer than any follow-up`,
      'Check clinical.timeUnit',
    );
  }
  const absent = (eventValues ?? []).filter(
    (value) => !patients.some(({ clinical }) => isSame(value, clinical[event])),
  );
  if (absent.length > 0) {
    const message = `no cell of '${own.event ?? event}' is ${absent.map((value) => `'${value}'`).join(' or ')} (clinical.eventValues)`;
    add('warning', message, suggest(absent[0], [...new Set(patients.map(({ clinical }) => clinical[event]))]));
  }
  // Another endpoint's event may come before death.
  if (!isOverallSurvival(endpoint) || eventValues) return problems;
  const eventName = own.event ?? event;
  for (const { column, contradict } of livingWithDeathDay(patients, columns, { time, event })) {
    if (contradict.length === 0) continue;
    const message = `${counted(contradict.length, 'patient is', 'patients are')} alive by '${eventName}', and '${column}' holds a day of death (${someOf(contradict)})`;
    add('warning', message, 'Correct one of the two; they count as alive');
  }
  for (const { column, agree, contradict } of eventWitnesses(patients, columns, event)) {
    const compared = agree.length + contradict.length;
    if (contradict.length === 0) continue;
    if (contradict.length > OPPOSITE * compared) {
      const message = `the event '${eventName}' says the opposite of '${column}' for ${contradict.length} of ${compared} patients (${someOf(contradict)})`;
      add(
        'error',
        message,
        "Check clinical.event; a column whose name contains 'censor' is read as 1 = not seen, any other as 1 = seen",
      );
    } else {
      add(
        'warning',
        `the event '${eventName}' contradicts '${column}' for ${contradict.length} of ${compared} patients (${someOf(contradict)})`,
        'Check both',
      );
    }
  }
  return problems;
}
