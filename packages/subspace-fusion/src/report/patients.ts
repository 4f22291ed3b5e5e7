import { labelPatients } from '../cohort/clinical/labels.js';
import { readVariable } from '../cohort/clinical/variables.js';
import type { Cohort, Patient } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { quantile } from '../metrics/arrays.js';
import { kaplanMeier, medianSurvival } from '../metrics/kaplan-meier.js';
import type { PatientsSummary } from './types.js';
import { decimal } from './words.js';

/** A part of the patients, such as those that a model was trained on. */
export interface Part {
  readonly name: string;
  readonly patients: readonly string[];
}

/** The part that holds everybody whom some fold tests, each once. */
export const ALL_TESTED = 'All tested';

/** The patients of each part by age, sex, grade, diagnosis and outcome, and how many were left out for what. */
export function summarisePatients(
  cohort: Cohort,
  parts: readonly Part[],
  { task, labels }: Pick<Config, 'task' | 'labels'>,
): PatientsSummary {
  const byId = new Map([...cohort.patients, ...cohort.incomplete].map((patient) => [patient.id, patient]));
  const members = parts.map(({ patients }) => patients.flatMap((id) => byId.get(id) ?? []));
  const row = (name: string, cell: (patients: readonly Patient[]) => string) => ({ name, cells: members.map(cell) });
  const diagnosis = categories('Diagnosis', members, labelPatients(members.flat(), 'diagnosis', labels).byPatient);
  const own =
    typeof task === 'string'
      ? []
      : categories(task.column, members, labelPatients(members.flat(), task, labels).byPatient);
  const survival = members.flat().some((patient) => patient.survival);
  return {
    parts: parts.map(({ name }) => name),
    overlap: overlap(parts.filter(({ name }) => name !== ALL_TESTED)),
    rows: [
      row('Patients', (patients) => String(patients.length)),
      ...variableRows('Age', 'age', members, [
        ['Age in years, median (quartiles)', (values) => quartiles(values as number[])],
      ]),
      ...variableRows('Sex', 'sex', members, [
        ['Female', (values, of) => share(values.filter((sex) => sex === 'female').length, of)],
      ]),
      ...variableRows(
        'Grade',
        'grade',
        members,
        [2, 3, 4].map((grade) => [
          `Grade ${grade}`,
          (values, of) => share(values.filter((value) => value === grade).length, of),
        ]),
      ),
      ...diagnosis,
      ...own,
      ...(survival
        ? [
            row('Events', (patients) => share(patients.filter((p) => p.survival?.event).length, patients.length)),
            row(`Follow-up in ${cohort.timeUnit}, median`, medianFollowUp),
          ]
        : []),
      row('With several slides', (patients) =>
        share(patients.filter(({ bags }) => bags.length > 1).length, patients.length),
      ),
    ],
    flow: [
      ...cohort.flow.flatMap((flow) => flowSteps(flow, cohort.flow.length > 1)),
      ...parts.map(({ name, patients }) => ({ step: name, patients: patients.length })),
    ],
    ...(task === 'survival' && cohort.endpoint
      ? { endpoint: { name: cohort.endpoint.name, rule: cohort.endpoint.rule } }
      : {}),
  };
}

function overlap(parts: readonly Part[]): boolean {
  const ids = parts.flatMap(({ patients }) => patients);
  return new Set(ids).size < ids.length;
}

const valuesOf = (patients: readonly Patient[], variable: 'age' | 'sex' | 'grade') =>
  patients.flatMap(({ clinical }) => readVariable(clinical, variable) ?? []);

type Cell = (known: readonly unknown[], patients: number) => string;

/** Rows of a clinical variable, and one of those of whom it is unknown; one row where it is so of all. */
function variableRows(
  name: string,
  variable: 'age' | 'sex' | 'grade',
  members: readonly (readonly Patient[])[],
  rows: readonly (readonly [string, Cell])[],
): PatientsSummary['rows'] {
  const known = members.map((patients) => valuesOf(patients, variable));
  if (known.every((values) => values.length === 0)) return [{ name, cells: members.map(() => 'unknown') }];
  const missing = members.map((patients, part) => patients.length - known[part].length);
  return [
    ...rows.map(([label, cell]) => ({
      name: label,
      cells: known.map((values, part) => cell(values, members[part].length)),
    })),
    ...(missing.some((n) => n > 0)
      ? [{ name: `${name} unknown`, cells: missing.map((n, part) => share(n, members[part].length)) }]
      : []),
  ];
}

/** A row for each class that somebody has, and one for those of none, if any. */
function categories(
  name: string,
  members: readonly (readonly Patient[])[],
  classOf: ReadonlyMap<string, string>,
): PatientsSummary['rows'] {
  const classes = [...new Set(classOf.values())].sort();
  const none = members.flat().some(({ id }) => !classOf.has(id));
  return [...classes, ...(none ? [undefined] : [])].map((wanted) => ({
    name: wanted === undefined ? `${name} unknown` : `${name}: ${wanted}`,
    cells: members.map((patients) =>
      share(patients.filter(({ id }) => classOf.get(id) === wanted).length, patients.length),
    ),
  }));
}

/** "12 (40 %)". */
function share(n: number, of: number): string {
  return of === 0 ? '0' : `${n} (${Math.round((100 * n) / of)}\u00a0%)`;
}

function quartiles(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const [low, median, high] = [0.25, 0.5, 0.75].map((p) => decimal(quantile(values, p), 0));
  return `${median} (${low} to ${high})`;
}

/** Median follow-up by the reverse Kaplan-Meier estimate, in which deaths are what ends the observation (Schemper & Smith 1996). */
function medianFollowUp(patients: readonly Patient[]): string {
  const known = patients.flatMap(({ survival }) => survival ?? []);
  if (known.length === 0) return '–';
  const median = medianSurvival(
    kaplanMeier(
      known.map(({ time }) => time),
      known.map(({ event }) => !event),
    ),
  );
  return median.value === null ? 'not reached' : decimal(median.value, 1);
}

/** From the clinical table to the patients that could be used, one step for each reason to be left out. */
function flowSteps(
  { cohort, patients, notIncluded, noExpression, noSlides, neither, complete, noLabel }: Cohort['flow'][number],
  several: boolean,
): PatientsSummary['flow'] {
  const of = several ? `, ${cohort}` : '';
  const leftOut = (reason: string, n: number) => ({ step: `left out: ${reason}`, patients: n });
  return [
    { step: `In the clinical table${of}`, patients },
    ...Object.entries(notIncluded).map(([condition, n]) => leftOut(`not of ${condition}`, n)),
    leftOut('no expression', noExpression),
    leftOut('no slide', noSlides),
    leftOut('neither', neither),
    { step: `With slides and expression${of}`, patients: complete },
    ...Object.entries(noLabel).map(([reason, n]) => leftOut(`no label, ${reason}`, n)),
  ].filter(({ step, patients: n }) => n > 0 || !step.startsWith('left out'));
}
