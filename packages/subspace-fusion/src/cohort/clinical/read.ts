import type { Config } from '../../config/config.js';
import { MARKER_COLUMNS, type MarkerKey } from '../../config/values.js';
import { badInput, type Problem } from '../../files/errors.js';
import { readHeader } from '../../files/file-source.js';
import { append } from '../../files/lists.js';
import { suggest } from '../../files/text.js';
import type { Sample } from '../expression/samples.js';
import type { Endpoint, Patient, Task } from '../types.js';
import { gdcCase, readGdc } from './gdc.js';
import { joinFiles, listedSamples, onePatientARow, type Rows } from './join.js';
import { convertTime, endpointOf, eventOf, survivalProblems } from './outcome.js';
import { readSource, userCell, type ClinicalFormat, type ClinicalRow, type ClinicalSource } from './source.js';
import { numberIn, readSurvival } from './survival.js';

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
  /** What survival is measured to, with the user's own columns; undefined without columns of time and event. */
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
  const found: Problem[] = [];
  const ofSurvival: Problem[] = [];
  const sources = (await readSources(files, config.patient, ofSurvival)).map((source) =>
    inUnit(source, config.timeUnit),
  );
  const joined = joinFiles(
    sources.map((source) => onePatientARow(source, found)),
    found,
  );
  append(found, lostLetters(joined.rows));
  const { columns, rows } = withMarkerColumns(joined, config);
  const [{ file, format, patient }] = sources as [ClinicalSource];
  const understood = { patient, ...survivalColumns(columns, config) };
  const own = { time: userColumn(rows, understood.time), event: userColumn(rows, understood.event) };
  const survivals = readSurvival(rows, { ...config, ...understood }, ofSurvival);
  const patients = rows.map(({ id, line, cells }, i) => ({ id, clinical: cells, row: line, survival: survivals[i] }));
  const place = ({ file, row = 0 }: Problem) => files.indexOf(file) * 1e9 + row;
  const weighed = (problem: Problem): Problem => (task === 'survival' ? problem : { ...problem, severity: 'warning' });
  append(found, ofSurvival.map(weighed));
  append(
    problems,
    found.sort((a, b) => place(a) - place(b)),
  );
  const checked = survivalProblems(file, patients, columns, { ...config, ...understood }, own);
  append(problems, checked.map(weighed));
  const samples = listedSamples(sources);
  return { file, format, columns, patients, samples, understood, endpoint: endpointOf({ ...config, ...own }) };
}

/** Reads each file by its format; those of the GDC become one source, in the place of the first of them. */
async function readSources(files: readonly string[], patient: string, problems: Problem[]): Promise<ClinicalSource[]> {
  const gdcFiles: string[] = [];
  for (const file of files) {
    const header = await readHeader(file);
    const column = gdcCase(header);
    if (column !== undefined && (column === patient || !header.includes(patient))) gdcFiles.push(file);
  }
  const sources: ClinicalSource[] = [];
  for (const file of files) {
    if (!gdcFiles.includes(file)) sources.push(await readSource(file, patient, problems));
    else if (file === gdcFiles[0]) sources.push(await readGdc(gdcFiles, problems));
  }
  return sources;
}

/** Adds the format's own time, in the unit of the config, and event as `os_time` and `os_event`. */
function inUnit(source: ClinicalSource, unit: Config['clinical']['timeUnit']): ClinicalSource {
  const { survival, columns, rows } = source;
  if (!survival) return source;
  // A table that has columns of these names already means them.
  if (survival.time !== 'os_time' && columns.some((column) => column === 'os_time' || column === 'os_event'))
    return source;
  const converted = rows.map((row): ClinicalRow => {
    const [timeText, eventText] = [row.cells[survival.time] ?? '', row.cells[survival.event] ?? ''];
    const time = numberIn(timeText);
    const seen = eventOf(eventText, survival.event);
    return {
      ...row,
      cells: {
        ...row.cells,
        os_time: time === undefined ? timeText : String(convertTime(time, survival.unit, unit)),
        os_event: seen === undefined ? eventText : String(Number(seen)),
      },
      madeOf: { os_time: userCell(row, survival.time), os_event: userCell(row, survival.event) },
    };
  });
  return { ...source, columns: [...new Set([...columns, 'os_time', 'os_event'])], rows: converted };
}

/**
 * Columns of time and event: the config's, or `os_time` and `os_event`.
 * @throws {InputError} for a column of the config that is not there.
 */
function survivalColumns(
  columns: readonly string[],
  config: Config['clinical'],
): Pick<Config['clinical'], 'time' | 'event'> {
  const { file, time, event } = config;
  for (const key of ['time', 'event'] as const) {
    const column = config[key];
    if (column === undefined || columns.includes(column)) continue;
    const message = `there is no column '${column}' (clinical.${key})`;
    throw badInput({ file, row: 1, message, remedy: suggest(column, columns) });
  }
  const isFixed = time === undefined && event === undefined;
  return isFixed && columns.includes('os_time') && columns.includes('os_event')
    ? { time: 'os_time', event: 'os_event' }
    : { time, event };
}

/** Cells with the mark that an earlier program put in the place of a letter it could not read: names that differ in it have become one. */
function lostLetters(rows: readonly ClinicalRow[]): Problem[] {
  return rows.flatMap(({ file, line, cells }) => {
    const cell = Object.values(cells).find((text) => text.includes('\ufffd'));
    if (cell === undefined) return [];
    const message = "the row has the mark '\ufffd' in the place of a letter that was lost";
    const remedy = 'Export the table again, as UTF-8: names that differ in lost letters are one here';
    return [{ severity: 'warning', file, row: line, message, examples: [cell], remedy }];
  });
}

/** A column by the names that the user's files have for it: those that it was made of. */
function userColumn(rows: readonly ClinicalRow[], column: string | undefined): string | undefined {
  if (column === undefined) return undefined;
  const names = new Set(rows.flatMap(({ madeOf }) => madeOf?.[column]?.column ?? []));
  return names.size === 0 ? column : [...names].join(' or ');
}

/** Gives the columns that the config names for markers the names by which they are read. */
function withMarkerColumns({ columns, rows }: Rows, { file, columns: map = {} }: Config['clinical']): Rows {
  const renamed = Object.entries(map).map(([marker, column]) => [MARKER_COLUMNS[marker as MarkerKey], column] as const);
  if (renamed.length === 0) return { columns, rows };
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
