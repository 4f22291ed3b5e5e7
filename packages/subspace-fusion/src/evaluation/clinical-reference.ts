import { labelDefiningCovariates, type Covariate, type LabelRule, type Task } from '../cohort/index.js';
import { whyUnavailable, type ClinicalRow, type ClinicalVariable } from './clinical-columns.js';

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
