import type { Problem } from '../../files/errors.js';
import { readTable } from '../../files/file-source.js';
import { repeatedNames } from '../../files/table.js';
import { eventOf } from './outcome.js';
import { cellsOf, type Cell, type ClinicalRow, type ClinicalSource } from './source.js';

/** Tables of the Genomic Data Commons: `clinical.tsv`, `follow_up.tsv` and their like, several rows a case, of which every file has some. */

/** The column of the case, before and since the exports of 2024, which put the entity before each name, and in a table of the API. */
const CASE = /^(cases\.submitter_id|case_submitter_id)$/;
const API_CASE = 'submitter_id';

const STATUS = /(^|\.)vital_status$/;
const DEATH = /(^|\.)days_to_death$/;
/** `diagnoses.days_to_last_follow_up` of clinical.tsv, `follow_ups.days_to_follow_up` of follow_up.tsv. */
const FOLLOW_UP = /(^|\.)days_to_(last_)?follow_up$/;

/** The column of the cases of a table of the GDC; undefined for another table. */
export function gdcCase(header: readonly string[]): string | undefined {
  const column = header.find((name) => CASE.test(name));
  if (column !== undefined || !header.includes(API_CASE)) return column;
  return header.some((name) => STATUS.test(name) || FOLLOW_UP.test(name)) ? API_CASE : undefined;
}

/** Whether any of these columns holds a day of follow-up. */
export const hasFollowUpTable = (columns: readonly string[]): boolean =>
  columns.some((column) => /(^|\.)days_to_follow_up$/.test(column));

/** Short names of columns, `vital_status` of `demographic.vital_status`, where no other entity has a column of that name; by place. */
function shortNames(columns: readonly string[]): Map<number, string> {
  const short = columns.map((column) => column.slice(column.lastIndexOf('.') + 1));
  const ambiguous = new Set(repeatedNames(short).map(({ name }) => name));
  return new Map(short.flatMap((name, i) => (name === columns[i] || ambiguous.has(name) ? [] : [[i, name] as const])));
}

/** All rows of a case, in the order of the files. */
type Case = ClinicalRow[];

/**
 * Reads tables of the GDC as one. The rows of a case become one: of each column the first known value, rows of the primary diagnosis first; columns
 * are known by their short names too. `os_event` is added from `vital_status`, and `os_time`, in days: `days_to_death` of the dead, the latest
 * follow-up of the living, from whichever file. Statuses and days that contradict each other go to `problems`.
 * @throws {InputError} for a file that cannot be read.
 */
export async function readGdc(files: readonly string[], problems: Problem[]): Promise<ClinicalSource> {
  const cases = new Map<string, Case>();
  const nameless: ClinicalRow[] = [];
  const own = new Set<string>();
  const columns = new Set<string>();
  let patient = '';
  for (const file of files) {
    const table = await readTable(file, (name) => name !== '', problems);
    const caseColumn = gdcCase(table.columns) ?? '';
    patient ||= caseColumn;
    for (const name of table.columns) own.add(name);
    const short = shortNames(table.columns);
    for (const name of [...table.columns, ...short.values()]) columns.add(name);
    for (const { line, cells: texts } of table.rows) {
      const cells = cellsOf(table.columns, texts);
      for (const [i, name] of short) cells[name] = cells[table.columns[i]];
      const row = { file, line, id: cells[caseColumn], cells };
      const known = cases.get(row.id);
      if (row.id === '') nameless.push(row);
      else if (known) known.push(row);
      else cases.set(row.id, [row]);
    }
  }
  const named = (name: RegExp) => [...own].filter((column) => name.test(column));
  const outcomes = { status: named(STATUS), death: named(DEATH), followUp: named(FOLLOW_UP) };
  const hasStatus = outcomes.status.length > 0;
  const merged = [...cases.values()].map((rows) => {
    const row = mergeRows(rows, columns);
    return hasStatus ? withOutcome(row, outcomeOf(rows, outcomes, problems)) : row;
  });
  const [file] = files;
  const common = { format: 'gdc' as const, file, patient, rows: [...merged, ...nameless] };
  if (!hasStatus) return { ...common, columns: [...columns] };
  return {
    ...common,
    columns: [...columns.add('os_time').add('os_event')],
    survival: { time: 'os_time', event: 'os_event', unit: 'days' },
  };
}

const isPrimary = ({ cells }: ClinicalRow) =>
  /^true$/i.test(cells['diagnosis_is_primary_disease'] ?? '') ||
  /^primary$/i.test(cells['classification_of_tumor'] ?? '');

/** Of each column the first known value; empty in the columns of a file that lacks the case. */
function mergeRows(rows: Case, columns: Iterable<string>): ClinicalRow {
  const ordered = [...rows.filter(isPrimary), ...rows.filter((row) => !isPrimary(row))];
  const cells: Record<string, string> = Object.fromEntries(Array.from(columns, (column) => [column, '']));
  for (const row of ordered) for (const [column, cell] of Object.entries(row.cells)) cells[column] ||= cell;
  return { ...rows[0], cells, parts: rows };
}

/** The columns, by their names in the files, that say of survival. */
interface OutcomeColumns {
  readonly status: readonly string[];
  readonly death: readonly string[];
  readonly followUp: readonly string[];
}

interface CaseOutcome {
  readonly time?: Cell | undefined;
  readonly event?: Cell | undefined;
}

function withOutcome(row: ClinicalRow, { time, event }: CaseOutcome): ClinicalRow {
  const dead = event && (DEATH.test(event.column) || eventOf(event.text, event.column));
  return {
    ...row,
    cells: {
      ...row.cells,
      os_time: time?.text ?? '',
      os_event: dead === undefined ? (event?.text ?? '') : String(Number(dead)),
    },
    madeOf: { ...(time && { os_time: time }), ...(event && { os_event: event }) },
  };
}

/** The known cells of these columns. */
const knownCells = (rows: Case, columns: readonly string[]): Cell[] =>
  rows.flatMap(({ file, line, cells }) =>
    columns.flatMap((column) => (cells[column] ? [{ file, row: line, column, text: cells[column] }] : [])),
  );

/** The cell of the latest day; undefined of none. */
const latestOf = (cells: readonly Cell[]): Cell | undefined =>
  cells.reduce<Cell | undefined>(
    (best, cell) => (best && Number(best.text) >= Number(cell.text) ? best : cell),
    undefined,
  );

/** What the rows of a case say of survival; where they contradict each other, that goes to `problems`. */
function outcomeOf(rows: Case, columns: OutcomeColumns, problems: Problem[]): CaseOutcome {
  const statuses = knownCells(rows, columns.status);
  const said = new Set(statuses.flatMap(({ text, column }) => eventOf(text, column) ?? []));
  const status = statuses.find(({ text, column }) => eventOf(text, column) !== undefined);
  const death = knownCells(rows, columns.death).at(0);
  const latest = latestOf(knownCells(rows, columns.followUp));
  const { id } = rows[0];
  const warn = ({ file, row }: Cell, message: string, remedy: string) =>
    problems.push({ severity: 'warning', file, row, message, examples: [id], remedy });
  if (status && said.size > 1) {
    warn(status, `the patient is dead and alive by '${status.column}'`, 'They are left out of survival; correct it');
    return {};
  }
  if (!status) {
    // What is no status is named where events are read.
    if (statuses.length > 0) return { time: death ?? latest, event: statuses[0] };
    if (death) {
      const message = `'${death.column}' is known, and the vital status is not`;
      warn(death, message, 'They count as dead on that day; correct it if they are not');
    }
    return death ? { time: death, event: death } : {};
  }
  if (said.has(false)) {
    if (!death) return { time: latest, event: status };
    const message = `'${status.column}' says alive, and '${death.column}' holds a day of death`;
    warn(death, message, 'They are left out of survival; correct one of the two');
    return {};
  }
  if (!death) {
    const message = `'${status.column}' says dead, and the day of death is unknown`;
    warn(status, message, "They are left out of survival; fill in 'days_to_death' if it can be known");
  } else if (latest && Number(latest.text) > Number(death.text)) {
    const message = `'${latest.column}' holds a day after that of death, '${death.column}'`;
    warn(latest, message, 'The day of death is used; check both');
  }
  return { time: death, event: status };
}
