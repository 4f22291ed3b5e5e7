import type { Config } from '../../config/config.js';
import { MARKER_COLUMNS, type MarkerKey } from '../../config/values.js';
import { counted, shortNumber, type Problem } from '../../files/errors.js';
import { readAge } from './age.js';
import { contradictions, readMarkers, unreadableMarkers, type Markers } from './markers.js';
import type { ClinicalPatient, ClinicalTable } from './read.js';
import { readVariable, variableColumn } from './variables.js';

/** What is wrong with cells of a column, row by row: problems of one kind, which are shown as one. */
function problemsOf(
  file: string,
  patients: readonly ClinicalPatient[],
  kind: { readonly message: (count: string) => string; readonly remedy: string },
  example: (patient: ClinicalPatient) => string,
): Problem[] {
  const message = kind.message(counted(patients.length, 'patient has', 'patients have'));
  return patients.map((patient) => ({
    severity: 'warning',
    file,
    row: patient.row,
    message,
    examples: [example(patient)],
    remedy: kind.remedy,
  }));
}

/** Ages and sexes that cannot be read, or are not read as they are written. The age counts in any analysis by age; the sex where it is a covariate. */
export function variableProblems(table: ClinicalTable, { covariates = [] }: Pick<Config, 'covariates'>): Problem[] {
  return [...ageProblems(table), ...(covariates.includes('sex') ? sexProblems(table) : [])];
}

function ageProblems({ file, columns, patients }: ClinicalTable): Problem[] {
  const column = variableColumn('age', columns);
  if (column === undefined) return [];
  const cell = ({ clinical }: ClinicalPatient) => clinical[column];
  const known = patients.filter((patient) => cell(patient) !== '');
  const ageOf = (patient: ClinicalPatient) => readAge(cell(patient));
  const unread = known.filter((patient) => ageOf(patient) === undefined);
  const adapted = known.filter((patient) => ageOf(patient)?.isPlain === false);
  const inDays = known.filter((patient) => ageOf(patient)?.isPlain && Number(cell(patient)) > 130);
  const isMixed = inDays.length > 0 && inDays.length < known.length - unread.length - adapted.length;
  const readAs = (patient: ClinicalPatient) => `${cell(patient)} as ${shortNumber(ageOf(patient)?.years ?? NaN)}`;
  return [
    ...problemsOf(
      file,
      unread,
      {
        message: (have) => `${have} an age in '${column}' that cannot be read`,
        remedy: 'It counts as unknown; write years',
      },
      cell,
    ),
    ...problemsOf(
      file,
      adapted,
      {
        message: (have) => `${have} an age in '${column}' that is no number, and is read as one`,
        remedy: 'Write years where this is wrong',
      },
      readAs,
    ),
    ...problemsOf(
      file,
      isMixed ? inDays : [],
      {
        message: (have) =>
          `${have} an age above 130 in '${column}', which is read as days although others are in years`,
        remedy: 'Write all in years, and leave unknown ages empty',
      },
      cell,
    ),
  ];
}

function sexProblems({ file, columns, patients }: ClinicalTable): Problem[] {
  const column = variableColumn('sex', columns);
  if (column === undefined) return [];
  const unread = patients.filter(
    ({ clinical }) => clinical[column] !== '' && readVariable(clinical, 'sex') === undefined,
  );
  const remedy = 'It counts as unknown; write male or female';
  const kind = { message: (have: string) => `${have} a sex in '${column}' that cannot be read`, remedy };
  return problemsOf(file, unread, kind, ({ clinical }) => clinical[column]);
}

/** What is wrong with the markers that a task or a covariate reads; others may hold anything. */
export function markerProblems(
  { file, patients }: ClinicalTable,
  read: readonly (keyof Markers)[],
  map: Config['clinical']['columns'],
): Problem[] {
  const warning = (row: number, message: string, example: string, remedy: string): Problem => ({
    severity: 'warning',
    file,
    row,
    message: inUserColumns(message, map),
    examples: [example],
    remedy,
  });
  return patients.flatMap(({ id, clinical, row }) => [
    ...unreadableMarkers(clinical, read).map((column) =>
      warning(
        row,
        `column '${column}' holds what is taken as unknown`,
        clinical[column],
        'Write it as docs/formats.md says, or leave it empty',
      ),
    ),
    ...contradictions(readMarkers(clinical, read)).map((contradiction) =>
      warning(row, contradiction, id, 'Check both; each rule uses them as they stand'),
    ),
  ]);
}

/** Words about markers with the user's names of their columns (clinical.columns) in the place of the known ones. */
export function inUserColumns(words: string, map: Config['clinical']['columns'] = {}): string {
  return Object.entries(map).reduce(
    (text, [marker, column]) => text.replaceAll(MARKER_COLUMNS[marker as MarkerKey], () => column),
    words,
  );
}
