import type { ClinicalPatient, ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import { labelPatients, neededColumns, readsMarkers } from './labels.js';
import { contradictions, MARKER_COLUMNS, readMarkers, unreadableMarkers, type Markers } from './markers.js';
import { nearest, suggest } from './nearest.js';
import { counted, someOf, type Problem } from './problems.js';

/** Whether the clinical table has what the task predicts; what is wrong goes to `problems`. */
export function checkTask({ file, columns, patients, understood }: ClinicalTable, { task, labels: rule }: Config, problems: Problem[]): void {
  const error = (message: string, remedy: string, row?: number) => problems.push({ severity: 'error', file, row, message, remedy });
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file, message, remedy });
  if (task === 'survival') {
    if (understood.time === undefined || understood.event === undefined) {
      error("survival needs 'clinical.time' and 'clinical.event'", 'Name the columns of the follow-up time and of the event (1 = death seen)', 1);
      return;
    }
    const known = patients.flatMap(({ survival }) => survival ?? []);
    const deaths = known.filter(({ event }) => event).length;
    if (deaths === 0) error(`no death was seen among ${known.length} patients`, `Check the column '${understood.event}' (clinical.event)`);
    // Others without survival have cells that are errors.
    const without = patients.filter(({ clinical }) => clinical[understood.time!] === '' || clinical[understood.event!] === '');
    if (without.length > 0) warn(`${counted(without.length, 'patient has', 'patients have')} no follow-up`, 'They are left out of survival');
    return;
  }
  const absent = neededColumns(task).filter((column) => !columns.includes(column));
  for (const column of absent) error(`the task needs the column '${column}'`, remedyFor(column, columns), 1);
  if (absent.length > 0) return;
  const { byPatient, unlabelledPatients } = labelPatients(patients, task, rule);
  for (const [reason, ids] of unlabelledPatients) warn(`${counted(ids.length, 'patient has', 'patients have')} no label: ${reason} (${someOf(ids)})`, 'They are left out of this task');
  const classes = new Set(byPatient.values());
  if (classes.size === 0) error('no patient has a label for the task', 'Choose another task, or fill in its columns');
  if (classes.size === 1) error(`all ${byPatient.size} patients have the label '${[...classes][0]}'`, 'A task needs two classes at least');
  if (typeof task === 'string') checkMarkers(file, patients, readsMarkers(task, rule), problems);
}

/** The likely typo; for a marker, how its column is named in the config. */
function remedyFor(column: string, columns: readonly string[]): string {
  const marker = Object.entries(MARKER_COLUMNS).find(([, name]) => name === column)?.[0];
  if (marker === undefined || nearest(column, columns) !== undefined) return suggest(column, columns);
  return `Name the column that holds it: clinical.columns: {${marker}: COLUMN}. ${suggest(column, columns)}`;
}

/** What is wrong with the markers that a task reads; others may hold anything. */
function checkMarkers(file: string, patients: readonly ClinicalPatient[], read: readonly (keyof Markers)[], problems: Problem[]): void {
  for (const { id, clinical, row } of patients) {
    for (const column of unreadableMarkers(clinical, read)) {
      const message = `column '${column}' of '${id}' holds '${clinical[column]}', which is taken as unknown`;
      problems.push({ severity: 'warning', file, row, message, remedy: 'Write it as docs/formats.md says, or leave it empty' });
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
