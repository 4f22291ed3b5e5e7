import { readVariable, type Patient } from '../cohort/index.js';

type ClinicalRow = Patient['clinical'];

/** Clinical variables of the simple models, as numbers; undefined where the clinical table says nothing. */
const READERS = {
  age: (row) => readVariable(row, 'age') as number | undefined,
  sex: (row) => isOne(readVariable(row, 'sex'), 'male'),
  idh: (row) => isOne(readVariable(row, 'idh'), 'mutant'),
  codeletion: (row) => isOne(readVariable(row, 'codeletion'), true),
  grade: (row) => readVariable(row, 'grade') as number | undefined,
} as const satisfies Record<string, (row: ClinicalRow) => number | undefined>;

export type ClinicalVariable = keyof typeof READERS;

/** What the clinical table is asked for, in words. */
const WANTED: Readonly<Record<ClinicalVariable, string>> = {
  age: "a column 'age' of numbers",
  sex: "a column 'sex' of male and female",
  idh: "a column 'idh_status' of mutant and wild type",
  codeletion: 'a column of the 1p/19q codeletion',
  grade: 'a column of the histological grade',
};

const isOne = (value: unknown, one: string | boolean) => (value === undefined ? undefined : Number(value === one));

/** Columns of a simple model, `[patients, variables]`, or why there are none. */
export type ClinicalColumns = { readonly train: Float32Array; readonly scored: Float32Array } | { readonly reason: string };

/** Those of the variables that the training patients have, and not all the same. */
export function availableVariables(variables: readonly ClinicalVariable[], train: readonly ClinicalRow[]): ClinicalVariable[] {
  return variables.filter((variable) => new Set(train.flatMap((row) => READERS[variable](row) ?? [])).size > 1);
}

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
