import type { ClinicalVariable, MarkerKey } from '../../config/values.js';
import type { Patient } from '../types.js';
import { readAge } from './age.js';
import { homozygousDeletion, markerColumn, readMarkers, type Markers } from './markers.js';

type ClinicalRow = Patient['clinical'];

const AGE = /^age(_at_diagnosis|_at_index|_years)?$/i;
const SEX = /^(sex|gender)$/i;
const SEXES: Readonly<Record<string, string>> = { m: 'male', male: 'male', f: 'female', female: 'female' };

/** The marker behind each name. */
const MARKERS: { readonly [K in MarkerKey]: keyof Markers } = {
  idh: 'idh',
  codeletion: 'codeleted',
  cdkn2a: 'cdkn2a',
  cdkn2b: 'cdkn2b',
  cdkn2abDeletion: 'homozygousDeletion',
  grade: 'grade',
  histology: 'glioblastomaHistology',
  tert: 'tertMutant',
  egfr: 'egfr',
  egfrAmplification: 'egfrAmplified',
  gain7loss10: 'gain7loss10',
};

/** The marker that a variable is, undefined for age and sex. */
export const markerOf = (variable: ClinicalVariable): keyof Markers | undefined =>
  variable === 'age' || variable === 'sex' ? undefined : MARKERS[variable];

/** The column that a variable is read from, in words. */
export function columnOf(variable: ClinicalVariable): string {
  const marker = markerOf(variable);
  return marker === undefined
    ? `${variable}${variable === 'age' ? ' or age_at_diagnosis' : ' or gender'}`
    : markerColumn(marker);
}

/** The column of the age, or of the sex, among these; undefined where there is none. */
export const variableColumn = (variable: 'age' | 'sex', columns: readonly string[]): string | undefined =>
  columns.find((column) => (variable === 'age' ? AGE : SEX).test(column));

function cellOf(row: ClinicalRow, variable: 'age' | 'sex'): string {
  const column = variableColumn(variable, Object.keys(row));
  return column === undefined ? '' : row[column];
}

/**
 * What a patient's clinical data say of a variable: age in years; sex `male` or `female`; IDH `mutant` or `wildtype`; grades and calls of copy
 * number as numbers; other markers true or false. Undefined is unknown.
 */
export function readVariable(row: ClinicalRow, variable: ClinicalVariable): number | string | boolean | undefined {
  if (variable === 'age') return readAge(cellOf(row, variable))?.years;
  if (variable === 'sex') return SEXES[cellOf(row, variable).toLowerCase()];
  const markers = readMarkers(row);
  return variable === 'cdkn2abDeletion' ? homozygousDeletion(markers) : markers[MARKERS[variable]];
}
