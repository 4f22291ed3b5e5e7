import type { Config } from '../../config/config.js';
import { counted, type Problem } from '../../files/errors.js';
import { append } from '../../files/lists.js';
import type { Patient } from '../types.js';
import { eventBy } from './outcome.js';
import { userCell, type Cell, type ClinicalRow } from './source.js';

/** Columns of time and event, and how they are read. */
export type SurvivalColumns = Pick<Config['clinical'], 'time' | 'event' | 'eventValues' | 'timeUnit'>;

/** A number in decimal digits; nothing else that JavaScript takes for one. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a cell holds; undefined for any other text. */
export function numberIn(text: string): number | undefined {
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Whether it is a number with a comma for the point, which a spreadsheet in German or French writes. */
const hasDecimalComma = (text: string): boolean => /^[+-]?\d+,\d+$/.test(text);

/**
 * The survival of each patient, undefined where time or event is unknown. Cells that hold neither go to `problems`, in the user's own columns and as
 * one problem of a kind.
 */
export function readSurvival(
  rows: readonly ClinicalRow[],
  config: SurvivalColumns,
  problems: Problem[],
): Patient['survival'][] {
  const { time: timeColumn, event: eventColumn, eventValues } = config;
  if (timeColumn === undefined || eventColumn === undefined) return rows.map(() => undefined);
  const unread: Cell[] = [];
  const survivals = rows.map((row): Patient['survival'] => {
    const [timeText, eventText] = [row.cells[timeColumn] ?? '', row.cells[eventColumn] ?? ''];
    if (timeText === '' || eventText === '') return undefined;
    const time = numberIn(timeText);
    const event = eventBy(eventColumn, eventValues, eventText);
    if (time === undefined || time < 0) problems.push(timeProblem(userCell(row, timeColumn), config.timeUnit));
    if (event === undefined) unread.push(userCell(row, eventColumn));
    return time !== undefined && time >= 0 && event !== undefined ? { time, event } : undefined;
  });
  append(problems, eventProblems(unread, rows, eventColumn));
  return survivals;
}

function timeProblem({ file, row, column, text }: Cell, unit: string): Problem {
  const problem = { severity: 'error' as const, file, row, examples: [text] };
  const unknown = 'leave it empty where it is unknown';
  if (numberIn(text) !== undefined) {
    const message = `column '${column}' holds a negative time`;
    return { ...problem, message, remedy: `A time is 0 or more, in ${unit}; ${unknown}` };
  }
  if (hasDecimalComma(text)) {
    const message = `column '${column}' holds a decimal comma`;
    return { ...problem, message, remedy: 'Write numbers with a decimal point' };
  }
  const message = `column '${column}' holds a time that is not a number`;
  return { ...problem, message, remedy: `It should be a time in ${unit}, 0 or more; ${unknown}` };
}

/** R's survival package takes 1 for censored and 2 for dead. */
const ONE_OR_TWO = /^[12](\.0*)?$/;

function eventProblems(unread: readonly Cell[], rows: readonly ClinicalRow[], event: string): Problem[] {
  if (unread.length === 0) return [];
  const known = rows.map((row) => userCell(row, event).text).filter((text) => text !== '');
  const remedy = known.every((text) => ONE_OR_TWO.test(text))
    ? 'If 2 is the event and 1 is not, set clinical.eventValues: [2]'
    : 'Write 0 or 1, or words such as Dead and Alive; or list the values that mean a seen event in clinical.eventValues';
  const counts = new Map<string, number>();
  for (const { column } of unread) counts.set(column, (counts.get(column) ?? 0) + 1);
  return unread.map(({ file, row, column, text }) => {
    const cells = counted(
      counts.get(column) ?? 0,
      `cell of column '${column}' holds`,
      `cells of column '${column}' hold`,
    );
    return { severity: 'error', file, row, message: `${cells} no event`, examples: [text], remedy };
  });
}
