import { append } from '../../files/lists.js';
import type { Config } from '../../config/config.js';
import { MARKER_COLUMNS, type MarkerKey } from '../../config/values.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import { chooseSamples, sampleProblems, type Sample } from '../expression/samples.js';
import type { Endpoint, Patient, Task } from '../types.js';
import { convertTime, endpointOf, eventBy, eventOf, survivalProblems } from './outcome.js';
import { parseBarcode, patientOf } from './sites.js';
import { readSource, type ClinicalFormat, type ClinicalRow, type ClinicalSource } from './source.js';

/** One patient of the clinical table, before slides and expression are joined to it. */
export interface ClinicalPatient extends Omit<Patient, 'bags'> {
  /** Line of the patient in the clinical file. */
  readonly row: number;
}

export interface ClinicalTable {
  readonly file: string;
  readonly format: ClinicalFormat;
  readonly columns: readonly string[];
  readonly patients: readonly ClinicalPatient[];
  /** Samples that the table lists (cBioPortal's SAMPLE_ID), by their names, those of several a patient included. */
  readonly samples: ReadonlyMap<string, Sample>;
  /** Columns from which patients, times (in `timeUnit`) and events are read: the config's, or those that the format fixes. */
  readonly understood: Pick<Config['clinical'], 'patient' | 'time' | 'event'>;
  /** What survival is measured to; undefined without columns of time and event. */
  readonly endpoint: Endpoint | undefined;
}

/**
 * Reads the clinical table, one file or several that are joined by patient. A cell that says "unknown" becomes an empty string. A patient without time or
 * event has no `survival`. Where the config names no time and event, those of the format are taken, as columns `os_time` (in
 * `timeUnit`) and `os_event`. Rows that contradict each other, times and events that are no such thing go to `problems`; what is wrong with times and events
 * alone is a warning where the task needs none.
 * @throws {InputError} for a file that cannot be read or that lacks a column which the config names.
 */
export async function readClinical(
  config: Config['clinical'],
  problems: Problem[],
  task: Task = 'survival',
): Promise<ClinicalTable> {
  const files = [config.file, ...(config.moreFiles ?? [])];
  const sources: ClinicalSource[] = [];
  for (const file of files) sources.push(inUnit(await readSource(file, config.patient), config.timeUnit));
  const found: Problem[] = [];
  const joined = join(
    sources.map((source) => onePatientARow(source, found)),
    found,
  );
  const { columns, rows } = withMarkerColumns(joined, config);
  const [{ file, format, patient }] = sources as [ClinicalSource];
  for (const key of ['time', 'event'] as const) {
    const column = config[key];
    if (column !== undefined && !columns.includes(column)) {
      throw badInput({
        file,
        row: 1,
        message: `there is no column '${column}' (clinical.${key})`,
        remedy: suggest(column, columns),
      });
    }
  }
  const fixed =
    config.time === undefined &&
    config.event === undefined &&
    columns.includes('os_time') &&
    columns.includes('os_event');
  const understood = { patient, time: fixed ? 'os_time' : config.time, event: fixed ? 'os_event' : config.event };
  const ofSurvival: Problem[] = [];
  const patients = rows.map(({ id, line, cells, file }) => ({
    id,
    clinical: cells,
    row: line,
    survival: survivalOf(cells, { ...config, ...understood }, file, line, ofSurvival),
  }));
  const place = ({ file, row = 0 }: Problem) => files.indexOf(file) * 1e9 + row;
  const weighed = (problem: Problem): Problem => (task === 'survival' ? problem : { ...problem, severity: 'warning' });
  append(found, ofSurvival.map(weighed));
  append(
    problems,
    found.sort((a, b) => place(a) - place(b)),
  );
  append(problems, survivalProblems(file, patients, columns, { ...config, ...understood }).map(weighed));
  return {
    file,
    format,
    columns,
    patients,
    samples: listedSamples(sources),
    understood,
    endpoint: endpointOf({ ...config, ...understood }),
  };
}

/** Adds the format's own time, in the unit of the config, and event as `os_time` and `os_event`. */
function inUnit(source: ClinicalSource, unit: Config['clinical']['timeUnit']): ClinicalSource {
  const { survival, columns, rows } = source;
  if (!survival) return source;
  // A table that has columns of these names already means them.
  if (survival.time !== 'os_time' && columns.some((column) => column === 'os_time' || column === 'os_event'))
    return source;
  const converted = rows.map((row): ClinicalRow => {
    const [timeText, eventText] = [row.cells[survival.time], row.cells[survival.event]];
    const time = Number(timeText);
    const seen = eventOf(eventText, survival.event);
    return {
      ...row,
      cells: {
        ...row.cells,
        os_time: timeText === '' || !Number.isFinite(time) ? timeText : String(convertTime(time, survival.unit, unit)),
        os_event: seen === undefined ? eventText : String(Number(seen)),
      },
    };
  });
  return { ...source, columns: [...new Set([...columns, 'os_time', 'os_event'])], rows: converted };
}

/** Rows of one patient, by TCGA barcodes of several samples, become one; other repetitions go to `problems`. */
function onePatientARow(source: ClinicalSource, problems: Problem[]): ClinicalSource {
  const { file, rows } = source;
  const named: ClinicalRow[] = [];
  for (const row of rows) {
    if (row.id !== '') named.push(row);
    else
      problems.push({
        severity: 'error',
        file,
        row: row.line,
        message: 'the row has no patient id',
        remedy: 'Fill it in or delete the row',
      });
  }
  const choice = chooseSamples(named.map(sampleOfRow), undefined);
  append(problems, sampleProblems(file, choice));
  const patients = new Map<string, ClinicalRow>();
  for (const place of choice.places) {
    const row = named[place];
    const id = patientOf(row.id);
    const before = patients.get(id);
    if (before) problems.push(repeatedPatient(file, { ...before, id }, row));
    else patients.set(id, { ...row, id });
  }
  return { ...source, rows: [...patients.values()] };
}

/** The sample that a row describes: by cBioPortal's SAMPLE_ID and SAMPLE_TYPE, or by the barcode of its id. */
function sampleOfRow({ id, cells }: ClinicalRow): Sample {
  const name = cells['SAMPLE_ID'] || id;
  const words = cells['SAMPLE_TYPE'] ?? '';
  const byWords = /primary/i.test(words) ? 1 : /recurren/i.test(words) ? 2 : /metasta/i.test(words) ? 6 : undefined;
  return { name, patient: patientOf(id), type: parseBarcode(name)?.sampleType ?? byWords };
}

function listedSamples(sources: readonly ClinicalSource[]): Map<string, Sample> {
  const rows = sources.flatMap((source) => source.rows).filter(({ id, cells }) => id !== '' && cells['SAMPLE_ID']);
  return new Map(rows.map((row) => [row.cells['SAMPLE_ID'], sampleOfRow(row)]));
}

function repeatedPatient(file: string, before: ClinicalRow, row: ClinicalRow): Problem {
  const different = Object.keys(row.cells).filter((column) => row.cells[column] !== before.cells[column]);
  const again = `patient '${before.id}' stands in row ${before.line} already`;
  if (different.length === 0) {
    return {
      severity: 'warning',
      file,
      row: row.line,
      message: `${again}, with the same values`,
      remedy: 'Delete one of the rows',
    };
  }
  return {
    severity: 'error',
    file,
    row: row.line,
    message: `${again}, with another ${someOf(different)}`,
    remedy: 'Keep one row a patient; several slides of a patient are listed by features.slides',
  };
}

interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly ClinicalRow[];
}

/** Joins the files by patient; of a column that two have, the first file's known value is kept, and a contradiction is stated. */
function join([first, ...others]: readonly ClinicalSource[], problems: Problem[]): Rows {
  const columns = new Set(first.columns);
  const rows = new Map(first.rows.map((row) => [row.id, { ...row, cells: { ...row.cells } }]));
  for (const other of others) {
    const contradicting: string[] = [];
    for (const row of other.rows) {
      const before = rows.get(row.id) ?? { ...row, cells: {} };
      for (const [column, cell] of Object.entries(row.cells)) {
        const known = before.cells[column] ?? '';
        if (known !== '' && cell !== '' && known !== cell && column !== other.patient)
          contradicting.push(`${column} of ${row.id}`);
        before.cells[column] = known || cell;
      }
      rows.set(row.id, before);
    }
    if (contradicting.length > 0) {
      const message = `${counted(contradicting.length, 'cell contradicts', 'cells contradict')} ${first.file} (${someOf(contradicting)})`;
      problems.push({ severity: 'warning', file: other.file, message, remedy: `Those of ${first.file} are used` });
    }
    for (const column of other.columns) columns.add(column);
  }
  const all = [...columns];
  // Of a patient whom one file lacks, that file's columns are unknown.
  const filled = [...rows.values()].map((row) => ({
    ...row,
    cells: Object.fromEntries(all.map((column) => [column, row.cells[column] ?? ''])),
  }));
  return { columns: all, rows: filled };
}

/** Gives the columns that the config names for markers the names by which they are read. */
function withMarkerColumns({ columns, rows }: Rows, { file, columns: map = {} }: Config['clinical']): Rows {
  const renamed = Object.entries(map).map(([marker, column]) => [MARKER_COLUMNS[marker as MarkerKey], column] as const);
  for (const [, column] of renamed) {
    if (!columns.includes(column)) {
      throw badInput({
        file,
        row: 1,
        message: `there is no column '${column}' (clinical.columns)`,
        remedy: suggest(column, columns),
      });
    }
  }
  return {
    columns: [...new Set([...columns, ...renamed.map(([known]) => known)])],
    rows: rows.map((row) => ({
      ...row,
      cells: { ...row.cells, ...Object.fromEntries(renamed.map(([known, column]) => [known, row.cells[column]])) },
    })),
  };
}

function survivalOf(
  clinical: Readonly<Record<string, string>>,
  config: Config['clinical'],
  file: string,
  row: number,
  problems: Problem[],
): Patient['survival'] {
  if (config.time === undefined || config.event === undefined) return undefined;
  const [timeText, eventText] = [clinical[config.time], clinical[config.event]];
  if (timeText === '' || eventText === '') return undefined;
  const [time, event] = [Number(timeText), eventBy(config.event, config.eventValues, eventText)];
  const wrong = (column: string, text: string, expected: string) => {
    problems.push({
      severity: 'error',
      file,
      row,
      message: `column '${column}' holds '${text}'`,
      remedy: `It should be ${expected}; leave it empty where it is unknown`,
    });
  };
  const timeFits = Number.isFinite(time) && time >= 0;
  if (!timeFits) wrong(config.time, timeText, `a time in ${config.timeUnit}, 0 or more`);
  if (event === undefined) wrong(config.event, eventText, '0 or 1, or words such as Dead and Alive');
  return timeFits && event !== undefined ? { time, event } : undefined;
}
