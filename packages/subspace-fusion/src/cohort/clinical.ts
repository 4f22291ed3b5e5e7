import type { Config } from './config.js';
import { isMissing } from './missing.js';
import { suggest } from './nearest.js';
import { badInput, someOf, type Problem } from './problems.js';
import { readTable, type Row } from './table.js';
import type { Patient } from './types.js';

/** One patient of the clinical table, before slides and expression are joined to it. */
export interface ClinicalPatient extends Omit<Patient, 'bags'> {
  /** Line of the patient in the clinical file. */
  readonly row: number;
}

export interface ClinicalTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly patients: readonly ClinicalPatient[];
}

/** A column that says who was censored holds 1 where the others hold 0. */
const countsCensored = (column: string) => /censor/i.test(column);

/**
 * Reads the clinical table. A cell that says "unknown" becomes an empty string. A patient without time or event has
 * no `survival`. Rows that contradict each other, times and events that are no such thing go to `problems`.
 * @throws {UserError} for a file that cannot be read or that lacks a column which the config names.
 */
export async function readClinical(config: Config['clinical'], problems: Problem[]): Promise<ClinicalTable> {
  const { file, columns, rows } = await readTable(config.file);
  for (const key of ['patient', 'time', 'event'] as const) {
    const column = config[key];
    if (column !== undefined && !columns.includes(column)) {
      throw badInput({ file, row: 1, message: `there is no column '${column}' (clinical.${key})`, remedy: suggest(column, columns) });
    }
  }
  const patients = new Map<string, ClinicalPatient>();
  for (const row of rows) {
    const clinical = Object.fromEntries(columns.map((column, i) => [column, isMissing(row.cells[i]!) ? '' : row.cells[i]!]));
    const id = clinical[config.patient]!;
    const before = patients.get(id);
    if (id === '') {
      problems.push({
        severity: 'error',
        file,
        row: row.line,
        message: 'the row has no patient id',
        remedy: 'Fill it in or delete the row',
      });
    } else if (before) {
      problems.push(repeatedPatient(file, before, row, clinical));
    } else {
      patients.set(id, { id, clinical, row: row.line, survival: survivalOf(clinical, config, file, row, problems) });
    }
  }
  return { file, columns, patients: [...patients.values()] };
}

function repeatedPatient(file: string, before: ClinicalPatient, row: Row, clinical: Record<string, string>): Problem {
  const different = Object.keys(clinical).filter((column) => clinical[column] !== before.clinical[column]);
  const again = `patient '${before.id}' stands in row ${before.row} already`;
  if (different.length === 0) {
    return { severity: 'warning', file, row: row.line, message: `${again}, with the same values`, remedy: 'Delete one of the rows' };
  }
  return {
    severity: 'error',
    file,
    row: row.line,
    message: `${again}, with another ${someOf(different)}`,
    remedy: 'Keep one row a patient; several slides of a patient are listed by features.slides',
  };
}

function survivalOf(
  clinical: Readonly<Record<string, string>>,
  config: Config['clinical'],
  file: string,
  row: Row,
  problems: Problem[],
): Patient['survival'] {
  if (config.time === undefined || config.event === undefined) return undefined;
  const [timeText, eventText] = [clinical[config.time]!, clinical[config.event]!];
  if (timeText === '' || eventText === '') return undefined;
  const [time, event] = [Number(timeText), Number(eventText)];
  const wrong = (column: string, text: string, expected: string) => {
    problems.push({
      severity: 'error',
      file,
      row: row.line,
      message: `column '${column}' holds '${text}'`,
      remedy: `It should be ${expected}; leave it empty where it is unknown`,
    });
  };
  const timeFits = Number.isFinite(time) && time >= 0;
  const eventFits = event === 0 || event === 1;
  if (!timeFits) wrong(config.time, timeText, `a time in ${config.timeUnit}, 0 or more`);
  if (!eventFits) wrong(config.event, eventText, '0 or 1');
  if (!timeFits || !eventFits) return undefined;
  return { time, event: (event === 1) !== countsCensored(config.event) };
}
