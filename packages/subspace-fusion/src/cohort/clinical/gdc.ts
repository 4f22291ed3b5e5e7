import { isMissing } from '../missing.js';
import { repeatedNames, readTable } from '../table.js';
import { eventOf } from './event.js';
import type { ClinicalRow, ClinicalSource } from './source.js';

/** The column of the case, before and since the exports of 2024, which put the entity before each name. */
export const GDC_CASE = /^(cases\.submitter_id|case_submitter_id)$/;

const VITAL_STATUS = 'vital_status';
const DEATH = 'days_to_death';
const FOLLOW_UP = ['days_to_last_follow_up', 'days_to_follow_up'];

/** `demographic.vital_status` → `vital_status`, where no other entity has a column of that name. */
function shortNames(columns: readonly string[]): string[] {
  const short = columns.map((column) => column.slice(column.lastIndexOf('.') + 1));
  const ambiguous = new Set(repeatedNames(short).map(({ name }) => name));
  return columns.map((column, i) =>
    GDC_CASE.test(column) ? 'case_submitter_id' : ambiguous.has(short[i]) ? column : short[i],
  );
}

/**
 * Reads the GDC's `clinical.tsv`: a row for every diagnosis and treatment of a case, `'--` for unknown. The rows of a case become one: of each
 * column the first known value, rows of the primary diagnosis first. `os_event` is added from `vital_status`, and `os_time`, in days:
 * `days_to_death` of the dead, the latest follow-up of the living. Who is dead on an unknown day has no time.
 */
export async function readGdcRows(file: string): Promise<ClinicalSource> {
  const table = await readTable(file);
  const names = shortNames(table.columns);
  const cases = new Map<string, ClinicalRow[]>();
  for (const { line, cells } of table.rows) {
    const row = Object.fromEntries(names.map((name, i) => [name, isMissing(cells[i]) ? '' : cells[i]]));
    const id = row['case_submitter_id'];
    cases.set(id, [...(cases.get(id) ?? []), { file, line, id, cells: row }]);
  }
  const rows = [...cases.values()].map((own) => withSurvival(own, mergeRows(own)));
  return {
    format: 'gdc',
    file,
    columns: [...new Set([...names, 'os_time', 'os_event'])],
    patient: 'case_submitter_id',
    rows,
    survival: { time: 'os_time', event: 'os_event', unit: 'days' },
  };
}

const isPrimary = ({ cells }: ClinicalRow) =>
  /^true$/i.test(cells['diagnosis_is_primary_disease'] ?? '') ||
  /^primary$/i.test(cells['classification_of_tumor'] ?? '');

/** Of each column the first known value. */
function mergeRows(rows: readonly ClinicalRow[]): ClinicalRow {
  const ordered = [...rows.filter(isPrimary), ...rows.filter((row) => !isPrimary(row))];
  const cells = { ...ordered[0].cells };
  for (const row of ordered) for (const [column, cell] of Object.entries(row.cells)) cells[column] ||= cell;
  return { ...rows[0], cells };
}

function withSurvival(rows: readonly ClinicalRow[], merged: ClinicalRow): ClinicalRow {
  const dead = eventOf(merged.cells[VITAL_STATUS] ?? '', VITAL_STATUS);
  const followUps = rows
    .flatMap(({ cells }) => FOLLOW_UP.map((column) => cells[column] ?? ''))
    .filter((cell) => cell !== '');
  const latest = followUps.reduce((best, cell) => (best === '' || Number(cell) > Number(best) ? cell : best), '');
  const time = dead === undefined ? '' : dead ? (merged.cells[DEATH] ?? '') : latest;
  return {
    ...merged,
    cells: { ...merged.cells, os_time: time, os_event: dead === undefined ? '' : String(Number(dead)) },
  };
}
