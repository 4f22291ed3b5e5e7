import { z } from 'zod';
import { readsMarkers, type ClassTask } from '../cohort/clinical/labels.js';
import { markerColumn, type Markers } from '../cohort/clinical/markers.js';
import { columnOf, markerOf, readVariable } from '../cohort/clinical/variables.js';
import type { LabelRule, Patient, Task } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { CLINICAL_VARIABLES, MARKER_COLUMNS, type MarkerKey } from '../config/values.js';
import { badInput, counted, someOf, type Problem } from '../files/errors.js';
import type { Stored } from '../files/json.js';
import { suggest } from '../files/text.js';

const from = z.union([
  z.enum(CLINICAL_VARIABLES),
  z.object({ column: z.string(), kind: z.enum(['number', 'category']).optional() }),
]);

/** A clinical input of the model: a variable that is known by name, or any column. */
export type CovariateSpec = Stored<typeof from>;

const covariate = {
  name: z.string().describe('`age`, or the name of the column'),
  from,
  unknowns: z
    .boolean()
    .describe("Whether some training patient's value is unknown; then an indicator column says of whom it is"),
};

/** How clinical data become numbers; learned from the training patients and stored with the model. */
export const covariateEncoding = z.object({
  covariates: z.array(
    z.discriminatedUnion('kind', [
      z.object({ ...covariate, kind: z.literal('number'), mean: z.number(), deviation: z.number() }),
      z.object({ ...covariate, kind: z.literal('category'), levels: z.array(z.string()) }),
    ]),
  ),
  columns: z
    .array(z.string())
    .describe('What each of the K numbers of a patient is: `age`, `age unknown`, `sex = male`, …'),
});
export type CovariateEncoding = Stored<typeof covariateEncoding>;

/** One covariate as the training patients have it. */
export type Covariate = CovariateEncoding['covariates'][number];

const nameOf = (spec: CovariateSpec): string => (typeof spec === 'string' ? spec : spec.column);

/** What a patient's clinical data say of a covariate; undefined is unknown. */
function valueOf({ clinical }: Pick<Patient, 'clinical'>, spec: CovariateSpec): string | number | undefined {
  if (typeof spec === 'object') return clinical[spec.column] || undefined;
  const value = readVariable(clinical, spec);
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}

const isNumber = (value: string | number) => Number.isFinite(Number(value));

/** A column of which at least this share are numbers was meant as one: the others are no levels of their own. */
const MOSTLY_NUMBERS = 0.5;

function learn(patients: readonly Patient[], from: CovariateSpec, file: string): Covariate {
  const name = nameOf(from);
  const values = patients.map((patient) => valueOf(patient, from));
  const known = values.filter((value) => value !== undefined);
  const wrong = (message: string, remedy: string) => badInput({ file, message, remedy });
  if (known.length === 0)
    throw wrong(`no training patient has a known value of the covariate '${name}'`, whereToFind(from, patients));
  const unknowns = known.length < values.length;
  if (!unknowns && new Set(known).size === 1) {
    throw wrong(
      `all training patients have the same value of the covariate '${name}' ('${known[0]}')`,
      'Take it out of covariates',
    );
  }
  const asked = typeof from === 'object' ? from.kind : undefined;
  const words = known.filter((value) => !isNumber(value));
  if (asked === undefined && words.length > 0 && words.length <= (1 - MOSTLY_NUMBERS) * known.length) {
    throw wrong(
      `the covariate '${name}' holds numbers, but for ${counted(words.length, 'patient')} (${someOf(new Set(words.map(String)))})`,
      `Correct them, or say {column: ${name}, kind: category}`,
    );
  }
  if (asked === 'category' || (asked === undefined && !known.every(isNumber))) {
    return { name, from, unknowns, kind: 'category', levels: [...new Set(known.map(String))].sort() };
  }
  const bad = words.at(0);
  if (bad !== undefined)
    throw wrong(
      `the covariate '${name}' holds '${bad}', which is not a number`,
      `Correct it, or say {column: ${name}, kind: category}`,
    );
  const numbers = known.map(Number);
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  return { name, from, unknowns, kind: 'number', mean, deviation: Math.sqrt(variance) };
}

function whereToFind(spec: CovariateSpec, patients: readonly Patient[]): string {
  const columns = Object.keys(patients.at(0)?.clinical ?? {});
  return typeof spec === 'object' ? suggest(spec.column, columns) : `It is read from the column ${columnOf(spec)}`;
}

function columnsOf(covariate: Covariate): string[] {
  const own =
    covariate.kind === 'number' ? [covariate.name] : covariate.levels.map((level) => `${covariate.name} = ${level}`);
  return covariate.unknowns ? [...own, `${covariate.name} unknown`] : own;
}

/**
 * Learns from the training patients how covariates become numbers: mean and standard deviation (divisor n) of numbers, levels of categories.
 * A column whose known values are all numbers is one of numbers, unless its `kind` says otherwise.
 * @param file The clinical table, for messages.
 * @throws {InputError} for a covariate of which no training patient has a known value, or all have the same.
 */
export function learnCovariates(
  patients: readonly Patient[],
  specs: readonly CovariateSpec[],
  file = 'covariates',
): CovariateEncoding {
  const covariates = specs.map((spec) => learn(patients, spec, file));
  return { covariates, columns: covariates.flatMap(columnsOf) };
}

/** A patient's numbers for one covariate: z-score, or 1 at the level; where it is unknown 0, and 1 in the indicator column. */
function encode(patient: Patient, covariate: Covariate): number[] {
  const value = valueOf(patient, covariate.from);
  if (covariate.kind === 'number') {
    const isKnown = value !== undefined && isNumber(value);
    const z = isKnown && covariate.deviation > 0 ? (Number(value) - covariate.mean) / covariate.deviation : 0;
    return covariate.unknowns ? [z, Number(!isKnown)] : [z];
  }
  const { levels } = covariate;
  const oneHot = levels.map((level) => Number(String(value) === level));
  return covariate.unknowns ? [...oneHot, Number(value === undefined || !levels.includes(String(value)))] : oneHot;
}

/** The covariates of these patients, `[n, K]` row-major, K the number of `columns`. */
export function encodeCovariates({ covariates }: CovariateEncoding, patients: readonly Patient[]): Float32Array {
  return Float32Array.from(
    patients.flatMap((patient) => covariates.flatMap((covariate) => encode(patient, covariate))),
  );
}

/** What these patients' covariates hold that the training patients' did not; each is taken as unknown. In words. */
export function unseenLevels({ covariates }: CovariateEncoding, patients: readonly Patient[]): string[] {
  return covariates.flatMap((covariate) => {
    const isSeen = (value: string | number) =>
      covariate.kind === 'number' ? isNumber(value) : covariate.levels.includes(String(value));
    const unseen = patients.flatMap((patient) => {
      const value = valueOf(patient, covariate.from);
      return value === undefined || isSeen(value) ? [] : [`'${value}'`];
    });
    if (unseen.length === 0) return [];
    const what = covariate.kind === 'number' ? 'no number' : 'a value that no training patient has';
    return [
      `the covariate '${covariate.name}' of ${counted(unseen.length, 'patient')} is ${what} (${someOf(new Set(unseen))})`,
    ];
  });
}

/** {@link unseenLevels} as warnings. */
export function unseenProblems(encoding: CovariateEncoding, patients: readonly Patient[], file: string): Problem[] {
  return unseenLevels(encoding, patients).map((message) => ({
    severity: 'warning',
    file,
    message,
    remedy: 'It is taken as unknown',
  }));
}

/** Names of the covariates that nothing usable is known of. */
export function unknownCovariates({ covariates }: CovariateEncoding, patient: Patient): string[] {
  return covariates.flatMap((covariate) => {
    const value = valueOf(patient, covariate.from);
    const known =
      value !== undefined && (covariate.kind === 'number' ? isNumber(value) : covariate.levels.includes(String(value)));
    return known ? [] : [covariate.name];
  });
}

/** What a column that is called otherwise than here holds, by its name. */
const NAMES: readonly (readonly [RegExp, keyof Markers])[] = [
  [/idh/i, 'idh'],
  [/1p.{0,3}19q|codel/i, 'codeleted'],
  [/cdkn2|homdel/i, 'homozygousDeletion'],
  [/grade/i, 'grade'],
  [/histolog(?!.*grade)/i, 'glioblastomaHistology'],
  [/tert(?!i)/i, 'tertMutant'],
  [/egfr/i, 'egfrAmplified'],
  [/chr.{0,3}7|\+7/i, 'gain7loss10'],
];
/** Columns that are a diagnosis, or made from one. */
const DIAGNOSIS = /diagnos|subtype|entity|oncotree|who.?20\d\d/i;
/** What is written like a diagnosis and is none. */
const NO_DIAGNOSIS = /^age|(year|date|days).*diagnos|diagnosis_(is|date|year)/i;

/** Markers that a label is made of. Of a column, which has no rule here, by its name: of one that is a diagnosis or a grade. */
function definingMarkers(task: ClassTask, rule: LabelRule): readonly (keyof Markers)[] {
  if (typeof task === 'string') return readsMarkers(task, rule);
  const { column } = task;
  if (DIAGNOSIS.test(column)) return readsMarkers('diagnosis', rule);
  return /grade/i.test(column) ? [...readsMarkers('grade', rule), 'homozygousDeletion'] : [];
}

/** Markers that a covariate holds, as far as its name tells. */
function markersIn({ from }: Covariate, columns: Config['clinical']['columns'] = {}): (keyof Markers)[] {
  if (typeof from === 'string') {
    const marker = markerOf(from);
    return marker === undefined ? [] : [marker];
  }
  const mapped = Object.entries(columns).find(([, column]) => column === from.column)?.[0] as MarkerKey | undefined;
  const own = mapped === undefined ? from.column : MARKER_COLUMNS[mapped];
  return NAMES.flatMap(([pattern, marker]) => (own === markerColumn(marker) || pattern.test(own) ? [marker] : []));
}

/** CDKN2A and B stand for one another, and calls for amplification and deletion. */
const FINDINGS: Partial<Record<keyof Markers, keyof Markers>> = {
  cdkn2a: 'homozygousDeletion',
  cdkn2b: 'homozygousDeletion',
  egfr: 'egfrAmplified',
};
const findingOf = (marker: keyof Markers) => FINDINGS[marker] ?? marker;

/** Names of the covariates that are part of the definition of the task's label, or are a label themselves: a model that reads them reads the answer. */
export function labelDefiningCovariates(
  task: Task,
  rule: LabelRule,
  { covariates }: CovariateEncoding,
  columns?: Config['clinical']['columns'],
): string[] {
  if (task === 'survival') return [];
  const defining = new Set(definingMarkers(task, rule).map(findingOf));
  return covariates
    .filter((covariate) => {
      const { from } = covariate;
      if (typeof from === 'object' && typeof task === 'object' && from.column === task.column) return true;
      const isDiagnosis = typeof from === 'object' && DIAGNOSIS.test(from.column) && !NO_DIAGNOSIS.test(from.column);
      return (
        (isDiagnosis && defining.size > 0) ||
        markersIn(covariate, columns).some((marker) => defining.has(findingOf(marker)))
      );
    })
    .map(({ name }) => name);
}

/** {@link labelDefiningCovariates} as a warning. */
export function definingCovariateProblems({ task, labels, clinical }: Config, encoding: CovariateEncoding): Problem[] {
  const names = labelDefiningCovariates(task, labels, encoding, clinical.columns);
  if (names.length === 0) return [];
  const what = typeof task === 'string' ? task : task.column;
  const message = `${names.map((name) => `'${name}'`).join(', ')} ${names.length === 1 ? 'is a covariate' : 'are covariates'} and part of the definition of the label (${what})`;
  return [
    {
      severity: 'warning',
      file: clinical.file,
      message,
      remedy: 'The model may read the answer there: say so, or take them out of covariates',
    },
  ];
}
