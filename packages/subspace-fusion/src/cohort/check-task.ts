import type { Config } from '../config/config.js';
import { MARKER_COLUMNS } from '../config/values.js';
import { counted, someOf, type Problem } from '../files/errors.js';
import { nearest, suggest } from '../files/text.js';
import { labelPatients, neededColumns, readsMarkers } from './clinical/labels.js';
import { contradictions, readMarkers, unreadableMarkers, type Markers } from './clinical/markers.js';
import { isOverallSurvival } from './clinical/outcome.js';
import type { ClinicalPatient, ClinicalTable } from './clinical/read.js';

/** Whether the clinical table has the columns that the task is read from, and who has no label by them; what is wrong goes to `problems`. */
export function checkTask(
  { file, columns, patients, understood }: ClinicalTable,
  { task, labels: rule }: Config,
  problems: Problem[],
): void {
  const error = (message: string, remedy: string, row?: number) =>
    problems.push({ severity: 'error', file, row, message, remedy });
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file, message, remedy });
  if (task === 'survival') {
    const { time, event } = understood;
    if (time === undefined || event === undefined) {
      error(
        "survival needs 'clinical.time' and 'clinical.event'",
        'Name the columns of the follow-up time and of the event (1 = death seen)',
        1,
      );
      return;
    }
    // Others without survival have cells that are errors.
    const without = patients.filter(({ clinical }) => clinical[time] === '' || clinical[event] === '');
    if (without.length > 0)
      warn(`${counted(without.length, 'patient has', 'patients have')} no follow-up`, 'They are left out of survival');
    return;
  }
  const absent = neededColumns(task).filter((column) => !columns.includes(column));
  for (const column of absent) error(`the task needs the column '${column}'`, remedyFor(column, columns), 1);
  if (absent.length > 0) return;
  const { unlabelledPatients } = labelPatients(patients, task, rule);
  for (const [reason, ids] of unlabelledPatients)
    warn(
      `${counted(ids.length, 'patient has', 'patients have')} no label: ${reason} (${someOf(ids)})`,
      'They are left out of this task',
    );
  if (typeof task === 'string') checkMarkers(file, patients, readsMarkers(task, rule), problems);
}

/** Whether the patients of all cohorts together have outcomes that a model can learn: an event, or two classes. */
export function checkOutcomes(
  tables: readonly ClinicalTable[],
  { task, labels: rule }: Config,
  problems: Problem[],
): void {
  const [{ file, endpoint }] = tables as [ClinicalTable];
  const patients = tables.flatMap((table) => table.patients);
  const error = (message: string, remedy: string) => problems.push({ severity: 'error', file, message, remedy });
  if (task === 'survival') {
    if (!endpoint) return;
    const known = patients.flatMap(({ survival }) => survival ?? []);
    const what = isOverallSurvival(endpoint) ? 'death' : `event of ${endpoint.name}`;
    if (!known.some(({ event }) => event))
      error(
        `no ${what} was seen among ${known.length} patients`,
        `Check the column '${endpoint.event}' (clinical.event)`,
      );
    return;
  }
  if (tables.some(({ columns }) => neededColumns(task).some((column) => !columns.includes(column)))) return;
  const { byPatient } = labelPatients(patients, task, rule);
  const classes = new Set(byPatient.values());
  if (classes.size === 0) error('no patient has a label for the task', 'Choose another task, or fill in its columns');
  if (classes.size === 1)
    error(`all ${byPatient.size} patients have the label '${[...classes][0]}'`, 'A task needs two classes at least');
}

/** The likely typo; for a marker, how its column is named in the config. */
function remedyFor(column: string, columns: readonly string[]): string {
  const marker = Object.entries(MARKER_COLUMNS).find(([, name]) => name === column)?.[0];
  if (marker === undefined || nearest(column, columns) !== undefined) return suggest(column, columns);
  return `Name the column that holds it: clinical.columns: {${marker}: COLUMN}. ${suggest(column, columns)}`;
}

/** What is wrong with the markers that a task reads; others may hold anything. */
function checkMarkers(
  file: string,
  patients: readonly ClinicalPatient[],
  read: readonly (keyof Markers)[],
  problems: Problem[],
): void {
  for (const { id, clinical, row } of patients) {
    for (const column of unreadableMarkers(clinical, read)) {
      const message = `column '${column}' of '${id}' holds '${clinical[column]}', which is taken as unknown`;
      problems.push({
        severity: 'warning',
        file,
        row,
        message,
        remedy: 'Write it as docs/formats.md says, or leave it empty',
      });
    }
    for (const contradiction of contradictions(readMarkers(clinical, read))) {
      problems.push({
        severity: 'warning',
        file,
        row,
        message: `'${id}': ${contradiction}`,
        remedy: 'Check both; each rule uses them as they stand',
      });
    }
  }
}
