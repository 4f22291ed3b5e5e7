import type { Config } from '../config/config.js';
import { badInput, someOf, type Problem } from '../files/errors.js';
import { suggest } from '../files/text.js';
import { CLASSES, labelPatients } from './clinical/labels.js';
import type { ClinicalPatient, ClinicalTable } from './clinical/read.js';
import type { CohortFlow, Patient } from './types.js';

/** A column, the values of it that a patient may have, and the condition in words. */
interface Condition {
  readonly column: string;
  readonly values: readonly string[];
  readonly words: string;
}

function conditionOf(given: NonNullable<Config['include']>[number]): Condition {
  if (typeof given === 'object') return { ...given, words: `${given.column}=${given.values.join(' or ')}` };
  const at = given.indexOf('=');
  return { column: given.slice(0, at).trim(), values: [given.slice(at + 1).trim()], words: given };
}

const isLabel = (column: string): column is keyof typeof CLASSES => Object.hasOwn(CLASSES, column);

/** What each patient has in a column; where the table has no such column, `diagnosis`, `grade` and `subtype` are the labels of these tasks. */
function valuesOf(
  { file, columns, patients }: ClinicalTable,
  column: string,
  rule: Config['labels'],
): (patient: ClinicalPatient) => string {
  if (columns.includes(column)) return ({ clinical }) => clinical[column];
  if (!isLabel(column))
    throw badInput({
      file,
      row: 1,
      message: `there is no column '${column}' (include)`,
      remedy: suggest(column, columns),
    });
  const { byPatient } = labelPatients(patients, column, rule);
  return ({ id }) => byPatient.get(id) ?? '';
}

/** The patients that meet all conditions of `include`, and of the others how many do not meet which: each counts for the first. */
export interface Included {
  readonly table: ClinicalTable;
  readonly left: Readonly<Record<string, number>>;
}

/**
 * Applies `include` to a clinical table. A patient whose value is unknown does not meet the condition.
 * @throws {InputError} for a column that is not there, or a condition that nobody meets.
 */
export function includePatients(
  table: ClinicalTable,
  { include = [], labels }: Pick<Config, 'include' | 'labels'>,
  problems: Problem[],
): Included {
  const { file } = table;
  let { patients } = table;
  const left: Record<string, number> = {};
  for (const { column, values, words } of include.map(conditionOf)) {
    const valueOf = valuesOf(table, column, labels);
    const known = [...new Set(table.patients.map(valueOf))].filter((value) => value !== '');
    const absent = values.filter((value) => !known.includes(value));
    if (absent.length === values.length) {
      throw badInput({ file, message: `no patient has ${words} (include)`, remedy: suggest(values[0], known) });
    }
    if (absent.length > 0) {
      problems.push({
        severity: 'warning',
        file,
        message: `no patient has ${column}=${absent.join(' or ')} (include)`,
        remedy: suggest(absent[0], known),
      });
    }
    const others = patients.filter((patient) => !values.includes(valueOf(patient)));
    if (others.length === 0) continue;
    const message = `${others.length} of ${patients.length} patients do not have ${words} (${someOf(others.map(({ id }) => id))})`;
    problems.push({ severity: 'warning', file, message, remedy: 'They are left out (include)' });
    left[words] = others.length;
    patients = patients.filter((patient) => values.includes(valueOf(patient)));
  }
  return { table: { ...table, patients }, left };
}

/** How many of these patients have no label of the task, by reason. */
export function withoutLabel(
  patients: readonly Patient[],
  { task, labels }: Pick<Config, 'task' | 'labels'>,
): Record<string, number> {
  if (task !== 'survival') return Object.fromEntries(labelPatients(patients, task, labels).unlabelled);
  const without = patients.filter(({ survival }) => survival === undefined).length;
  return without > 0 ? { 'no follow-up': without } : {};
}

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0);

/** The flow in one line: who was left out for what, and how many can be used. */
export function describeFlow({
  patients,
  notIncluded,
  noExpression,
  noSlides,
  neither,
  complete,
  noLabel,
}: CohortFlow): string {
  const lost = [
    ...Object.entries(notIncluded).map(([condition, n]) => [n, `not of ${condition}`] as const),
    [noExpression, 'without expression'] as const,
    [noSlides, 'without slides'] as const,
    [neither, 'with neither'] as const,
  ].filter(([n]) => n > 0);
  const unlabelled = Object.entries(noLabel).map(([reason, n]) => `${n} ${reason}`);
  const leftOut = lost.length === 0 ? '' : `: ${lost.map(([n, what]) => `${n} ${what}`).join(', ')}`;
  const labelled =
    unlabelled.length === 0 ? '' : `, of which ${total(noLabel)} without a label (${unlabelled.join(', ')})`;
  return `${patients} patients${leftOut}; ${complete} complete${labelled}`;
}
