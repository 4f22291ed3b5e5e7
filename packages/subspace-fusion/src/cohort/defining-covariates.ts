import { markerOf } from './clinical-variables.js';
import type { Config } from './config.js';
import type { Covariate, CovariateEncoding } from './covariates.js';
import { readsMarkers, type ClassTask } from './labels.js';
import { MARKER_COLUMNS, markerColumn, type MarkerKey, type Markers } from './markers.js';
import type { Problem } from './problems.js';
import type { LabelRule, Task } from './types.js';

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
