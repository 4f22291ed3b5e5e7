import type { Config } from '../config/config.js';
import { MARKER_COLUMNS } from '../config/values.js';
import { counted, someOf, type Problem } from '../files/errors.js';
import { append } from '../files/lists.js';
import { nearest, suggest } from '../files/text.js';
import { labelPatients, neededColumns, readsMarkers } from './clinical/labels.js';
import { followUpProblems } from './clinical/follow-up.js';
import { isOverallSurvival } from './clinical/outcome.js';
import type { ClinicalTable } from './clinical/read.js';
import { inUserColumns, markerProblems, variableProblems } from './clinical/variable-problems.js';
import { columnOf, markerOf, readVariable } from './clinical/variables.js';

/** Whether the clinical table has the columns that the task is read from, and who has no label by them; what is wrong goes to `problems`. */
export function checkTask(table: ClinicalTable, config: Config, problems: Problem[]): void {
  const { task, labels: rule, clinical, covariates = [] } = config;
  const { file, columns, patients, understood } = table;
  const error = (message: string, remedy: string) =>
    problems.push({ severity: 'error', file, row: 1, message, remedy });
  append(problems, variableProblems(table, config));
  const byCovariates = covariates.flatMap((name) => (typeof name === 'string' ? (markerOf(name) ?? []) : []));
  const byTask = typeof task === 'string' && task !== 'survival' ? readsMarkers(task, rule) : [];
  const checkTheirMarkers = () => {
    append(problems, markerProblems(table, [...new Set([...byTask, ...byCovariates])], clinical.columns));
  };
  if (task === 'survival') {
    checkTheirMarkers();
    const { time, event } = understood;
    if (time !== undefined && event !== undefined)
      append(problems, followUpProblems(table, { time, event, eventValues: clinical.eventValues }));
    else
      error(
        "survival needs 'clinical.time' and 'clinical.event'",
        'Name the columns of the follow-up time and of the event (1 = death seen)',
      );
    return;
  }
  const absent = neededColumns(task).filter((column) => !columns.includes(column));
  for (const column of absent) error(`the task needs the column '${column}'`, remedyFor(column, columns));
  if (absent.length > 0) return;
  const { unlabelledPatients } = labelPatients(patients, task, rule);
  for (const [reason, ids] of unlabelledPatients) {
    const why = inUserColumns(reason, clinical.columns);
    const message = `${counted(ids.length, 'patient has', 'patients have')} no label: ${why} (${someOf(ids)})`;
    problems.push({ severity: 'warning', file, message, remedy: 'They are left out of this task' });
  }
  if (typeof task === 'object') append(problems, spellingProblems(table, task.column));
  checkTheirMarkers();
}

/** Classes that differ in case, spaces or the form of a letter alone: most likely one class in two spellings. */
function spellingProblems({ file, patients }: ClinicalTable, column: string): Problem[] {
  const spellings = new Map<string, Set<string>>();
  for (const { clinical } of patients) {
    const name = clinical[column];
    const plain = name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
    spellings.set(plain, (spellings.get(plain) ?? new Set()).add(name));
  }
  return [...spellings.values()]
    .filter((names) => names.size > 1)
    .map((names) => ({
      severity: 'warning',
      file,
      message: `column '${column}' holds classes that differ in their spelling alone`,
      examples: [[...names].join(' / ')],
      remedy: 'Write each class in one way, if they are one; they count as different',
    }));
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
    if (patients.length > 0 && !known.some(({ event }) => event))
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

/** Whether anybody has a known value of each covariate: a model cannot learn one of which nobody has. */
export function checkCovariates(
  tables: readonly ClinicalTable[],
  { covariates = [] }: Pick<Config, 'covariates'>,
  problems: Problem[],
): void {
  const [{ file, columns }] = tables as [ClinicalTable];
  const isKnown = tables.flatMap(({ patients }) => patients.map(({ clinical }) => clinical));
  for (const covariate of covariates) {
    const [name, from] =
      typeof covariate === 'string' ? [covariate, columnOf(covariate)] : [covariate.column, covariate.column];
    if (
      isKnown.some((row) =>
        typeof covariate === 'string' ? readVariable(row, covariate) !== undefined : (row[name] ?? '') !== '',
      )
    )
      continue;
    const isThere = tables.some((table) => table.columns.includes(from));
    problems.push({
      severity: 'error',
      file,
      message: isThere
        ? `no patient has a known value of the covariate '${name}' (column '${from}')`
        : `there is no column for the covariate '${name}'`,
      remedy: typeof covariate === 'string' ? `It is read from the column ${from}` : suggest(name, columns),
    });
  }
}

/** The likely typo; for a marker, how its column is named in the config. */
function remedyFor(column: string, columns: readonly string[]): string {
  const marker = Object.entries(MARKER_COLUMNS).find(([, name]) => name === column)?.[0];
  if (marker === undefined || nearest(column, columns) !== undefined) return suggest(column, columns);
  return `Name the column that holds it: clinical.columns: {${marker}: COLUMN}. ${suggest(column, columns)}`;
}
