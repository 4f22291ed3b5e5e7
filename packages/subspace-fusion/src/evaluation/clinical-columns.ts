import { readMarkers, type Patient } from '../cohort/index.js';

type ClinicalRow = Patient['clinical'];

/** A number that a clinical table says about a patient; undefined where it says nothing. */
type Reader = (row: ClinicalRow) => number | undefined;

const NAMES = { age: /^age(_at_diagnosis|_at_index|_years)?$/i, sex: /^(sex|gender)$/i } as const;
const SEXES: Readonly<Record<string, number>> = { m: 1, male: 1, f: 0, female: 0 };

/** Clinical variables of the simple models, each found by its column's name. */
const READERS = {
  age: (row) => known(cell(row, NAMES.age), Number),
  sex: (row) => known(cell(row, NAMES.sex), (text) => SEXES[text.toLowerCase()]),
  idh: (row) => {
    const { idh } = readMarkers(row);
    return idh && Number(idh === 'mutant');
  },
} as const satisfies Record<string, Reader>;

export type ClinicalVariable = keyof typeof READERS;

/** What the clinical table is asked for, in words. */
const WANTED: Readonly<Record<ClinicalVariable, string>> = {
  age: "a column 'age' of numbers",
  sex: "a column 'sex' of male and female",
  idh: "a column 'idh_status' of mutant and wild type",
};

function cell(row: ClinicalRow, name: RegExp): string | undefined {
  const column = Object.keys(row).find((key) => name.test(key));
  return column === undefined ? undefined : row[column];
}

function known(text: string | undefined, read: (text: string) => number | undefined): number | undefined {
  const value = text ? read(text) : undefined;
  return Number.isFinite(value) ? value : undefined;
}

/** Columns of a simple model, `[patients, variables]`, or why there are none. */
export type ClinicalColumns = { readonly train: Float32Array; readonly scored: Float32Array } | { readonly reason: string };

/** The variables of training patients and of those to be scored; an unknown value becomes the mean of the training patients. */
export function clinicalColumns(variables: readonly ClinicalVariable[], train: readonly ClinicalRow[], scored: readonly ClinicalRow[]): ClinicalColumns {
  const means: number[] = [];
  for (const variable of variables) {
    const values = train.flatMap((row) => READERS[variable](row) ?? []);
    if (values.length === 0) return { reason: `the clinical table does not have ${WANTED[variable]}` };
    if (new Set(values).size === 1) return { reason: `all training patients have the same ${variable}` };
    means.push(values.reduce((sum, x) => sum + x, 0) / values.length);
  }
  const columns = (rows: readonly ClinicalRow[]) => Float32Array.from(rows.flatMap((row) => variables.map((v, j) => READERS[v](row) ?? means[j]!)));
  return { train: columns(train), scored: columns(scored) };
}
