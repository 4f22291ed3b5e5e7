import { readVariable } from '../cohort/clinical/variables.js';
import type { LabelRule, Patient, Task } from '../cohort/types.js';
import { labelDefiningCovariates, type Covariate } from '../runs/covariates.js';

export type ClinicalRow = Patient['clinical'];

/** Clinical variables of the simple models, as numbers; undefined where the clinical table says nothing. */
const READERS = {
  age: (row) => readVariable(row, 'age') as number | undefined,
  sex: (row) => isOne(readVariable(row, 'sex'), 'male'),
  idh: (row) => isOne(readVariable(row, 'idh'), 'mutant'),
  codeletion: (row) => isOne(readVariable(row, 'codeletion'), true),
  histology: (row) => isOne(readVariable(row, 'histology'), true),
  grade: (row) => readVariable(row, 'grade') as number | undefined,
} as const satisfies Record<string, (row: ClinicalRow) => number | undefined>;

export type ClinicalVariable = keyof typeof READERS;

/** What the clinical table is asked for, in words. */
const WANTED: Readonly<Record<ClinicalVariable, string>> = {
  age: "a column 'age' of numbers",
  sex: "a column 'sex' of male and female",
  idh: "a column 'idh_status' of mutant and wild type",
  codeletion: 'a column of the 1p/19q codeletion',
  histology: "a column 'histology' that tells glioblastomas",
  grade: 'a column of the histological grade',
};

const isOne = (value: unknown, one: string | boolean) => (value === undefined ? undefined : Number(value === one));

/** Columns of a simple model, `[patients, variables]`, or why there are none. */
export type ClinicalColumns =
  { readonly train: Float32Array; readonly scored: Float32Array } | { readonly reason: string };

/** Those of the variables that the training patients have, and not all the same. */
export function availableVariables(
  variables: readonly ClinicalVariable[],
  train: readonly ClinicalRow[],
): ClinicalVariable[] {
  return variables.filter((variable) => whyUnavailable(variable, train) === undefined);
}

/** Why a variable tells training patients nothing; undefined where it does. */
function whyUnavailable(variable: ClinicalVariable, train: readonly ClinicalRow[]): string | undefined {
  const values = new Set(train.flatMap((row) => READERS[variable](row) ?? []));
  if (values.size === 0) return `the clinical table does not have ${WANTED[variable]}`;
  return values.size === 1 ? `all training patients have the same ${variable}` : undefined;
}

/** The variables of training patients and of those to be scored; an unknown value becomes the mean of the training patients. */
export function clinicalColumns(
  variables: readonly ClinicalVariable[],
  train: readonly ClinicalRow[],
  scored: readonly ClinicalRow[],
): ClinicalColumns {
  const reason = variables.map((variable) => whyUnavailable(variable, train)).find((why) => why !== undefined);
  if (reason !== undefined) return { reason };
  const means = variables.map((variable) => {
    const values = train.flatMap((row) => READERS[variable](row) ?? []);
    return values.reduce((sum, x) => sum + x, 0) / values.length;
  });
  const columns = (rows: readonly ClinicalRow[]) =>
    Float32Array.from(rows.flatMap((row) => variables.map((v, j) => READERS[v](row) ?? means[j])));
  return { train: columns(train), scored: columns(scored) };
}

/** What the clinical model of age, diagnosis and grade is made of, and what it lacks for which reason. */
export interface ClinicalReference {
  readonly variables: readonly ClinicalVariable[];
  readonly leftOut: readonly { readonly variable: ClinicalVariable; readonly reason: string }[];
  /** Those left out that the task's label is made of: a model that reads them reads a part of the answer. */
  readonly defining: readonly ClinicalVariable[];
}

/** Where the variables stand in the clinical table, as its markers are called there. */
const COLUMNS = {
  idh: 'idh_status',
  codeletion: 'codel_1p19q',
  histology: 'histology',
  grade: 'histologic_grade',
} as const;
type Marker = keyof typeof COLUMNS;

/**
 * Variables of the clinical model that another model has to add to: age, the diagnosis by IDH status and 1p/19q codeletion (by
 * histology where the table has neither) and the histological grade. What the table lacks, and what the task's label is made of, is left out.
 * @param train clinical rows of the training patients
 */
export function clinicalReference(task: Task, rule: LabelRule, train: readonly ClinicalRow[]): ClinicalReference {
  const why = (variable: ClinicalVariable) => whyUnavailable(variable, train);
  const molecular = why('idh') === undefined || why('codeletion') === undefined;
  const wanted: readonly ('age' | Marker)[] = [
    'age',
    'idh',
    'codeletion',
    ...(molecular ? [] : (['histology'] as const)),
    'grade',
  ];
  const named = labelDefiningCovariates(task, rule, { covariates: wanted.map(asCovariate), columns: [] });
  const defining = wanted.filter((variable) => named.includes(variable));
  const leftOut = wanted.flatMap((variable) => {
    const reason = defining.includes(variable) ? 'it is part of the definition of the label' : why(variable);
    return reason === undefined ? [] : [{ variable, reason }];
  });
  return {
    variables: wanted.filter((variable) => !leftOut.some((left) => left.variable === variable)),
    leftOut,
    defining,
  };
}

function asCovariate(name: 'age' | Marker): Covariate {
  const from = name === 'age' ? name : { column: COLUMNS[name] };
  return { name, from, unknowns: false, kind: 'number', mean: 0, deviation: 1 };
}
