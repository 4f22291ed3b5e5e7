import { columnOf, readVariable } from './clinical-variables.js';
import type { Config } from './config.js';
import { suggest } from './nearest.js';
import { badInput, counted, someOf, type Problem } from './problems.js';
import type { Patient } from './types.js';

/** A clinical input of the model: a variable that is known by name, or any column. */
export type CovariateSpec = NonNullable<Config['covariates']>[number];

interface CovariateBase {
  /** `age`, or the name of the column. */
  readonly name: string;
  readonly from: CovariateSpec;
  /** Whether some training patient's value is unknown; then an indicator column says of whom it is. */
  readonly unknowns: boolean;
}

/** One covariate as the training patients have it. */
export type Covariate =
  | (CovariateBase & { readonly kind: 'number'; readonly mean: number; readonly deviation: number })
  | (CovariateBase & { readonly kind: 'category'; readonly levels: readonly string[] });

/** How clinical data become numbers; learned from the training patients and stored with the model, plain JSON. */
export interface CovariateEncoding {
  readonly covariates: readonly Covariate[];
  /** What each of the K numbers of a patient is: `age`, `age unknown`, `sex = male`, … */
  readonly columns: readonly string[];
}

const nameOf = (spec: CovariateSpec): string => (typeof spec === 'string' ? spec : spec.column);

/** What a patient's clinical data say of a covariate; undefined is unknown. */
function valueOf({ clinical }: Pick<Patient, 'clinical'>, spec: CovariateSpec): string | number | undefined {
  if (typeof spec === 'object') return clinical[spec.column] || undefined;
  const value = readVariable(clinical, spec);
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}

const isNumber = (value: string | number) => Number.isFinite(Number(value));

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
  if (asked === 'category' || (asked === undefined && !known.every(isNumber))) {
    return { name, from, unknowns, kind: 'category', levels: [...new Set(known.map(String))].sort() };
  }
  const bad = known.find((value) => !isNumber(value));
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

function whereToFind(spec: CovariateSpec, [patient]: readonly Patient[]): string {
  const columns = Object.keys(patient?.clinical ?? {});
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
 * @throws {UserError} for a covariate of which no training patient has a known value, or all have the same.
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
