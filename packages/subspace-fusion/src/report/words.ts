import type { ReportedMetric, ReportedMetrics, ReportRun } from './types.js';

const METRICS: Readonly<Record<string, string>> = {
  accuracy: 'Accuracy',
  balancedAccuracy: 'Balanced accuracy',
  macroF1: 'Macro F1',
  macroAuc: 'Macro AUC',
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  precision: 'Precision',
  concordanceIndex: 'C-index',
  unoConcordance: "Uno's C-index",
  dynamicAuc: 'Time-dependent AUC',
  integratedBrier: 'Integrated Brier score (lower is better)',
  survivalCalibrationError: 'Calibration error of survival (lower is better)',
  brier: 'Brier score (lower is better)',
  logLoss: 'Log loss (lower is better)',
  expectedCalibrationError: 'Expected calibration error (lower is better)',
};

const BASELINES: Readonly<Record<string, string>> = {
  ridgeCox: 'Ridge Cox regression on the same genes',
  ridgeLogistic: 'Ridge logistic regression on the same genes',
  elasticNet: 'Elastic net on the same genes',
  meanSlide: 'Ridge regression on the mean patch feature',
  age: 'Age',
  ageSex: 'Age and sex',
  idh: 'IDH status',
  idhAge: 'IDH status and age',
  clinical: 'Age, sex, grade, IDH and 1p/19q status',
  ageDiagnosisGrade: 'Age, diagnosis and grade',
  permutedBags: 'Our model, slides permuted between patients',
};

/** `netBenefit[0.25]` is net benefit at a threshold of 25 %. */
export function metricName(name: string): string {
  const threshold = /^netBenefit\[(.*)\]$/.exec(name)?.[1];
  return threshold === undefined
    ? (METRICS[name] ?? name)
    : `Net benefit at ${Math.round(100 * Number(threshold))}\u00a0%`;
}
/** A model of a comparison; `subspace + age` is this model with another. */
export function baselineName(name: string): string {
  const [, added] = name.split(' + ');
  return added === undefined
    ? (BASELINES[name] ?? name)
    : `This model with ${(BASELINES[added] ?? added).toLowerCase()}`;
}

/** A number with a fixed count of decimals and a true minus sign; a dash for what could not be computed. */
export function decimal(value: number | null | undefined, decimals = 2): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(decimals).replace('-', '−');
}

/** With spaces that do not break. */
export const INTERVAL_95 = '95\u00a0%\u00a0interval';

/** "0.70 to 0.85", or a dash. */
export function interval(metric: ReportedMetric): string {
  if (metric.value === null || metric.low === undefined || metric.high === undefined) return '–';
  return `${decimal(metric.low)} to ${decimal(metric.high)}`;
}

/** "0.78 (95 % interval 0.70 to 0.85)". */
export function withInterval(metric: ReportedMetric & { value: number }): string {
  return interval(metric) === '–'
    ? decimal(metric.value)
    : `${decimal(metric.value)} (${INTERVAL_95} ${interval(metric)})`;
}

export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
}

const NETWORKS: Readonly<Record<string, string>> = { subspace: 'The subspace fusion model' };

/** What was predicted from what. */
export function modelWords({ task, model, trainings, patients }: ReportRun): string {
  const { network, tokens, patchWidth, genes, encoder, covariates, definingCovariates } = model;
  const what =
    task === 'survival'
      ? `survival (${'endpoint' in patients && patients.endpoint ? patients.endpoint.name : 'by the endpoint of the cohort'})`
      : `the ${task}`;
  const inputs = [
    `${tokens} patches of a slide (${patchWidth} features each${encoder === undefined ? ', encoder not stated' : `, encoder ${encoder}`})`,
    `the expression of ${genes.tumour} tumour and ${genes.microenvironment} microenvironment genes`,
    ...(covariates.length > 0 ? [covariates.join(', ')] : []),
  ];
  const defining =
    definingCovariates.length > 0
      ? ` ${definingCovariates.join(', ')}: part of the label's definition, so the task is easier than it looks.`
      : '';
  const trained = trainings.length > 1 ? ` It was trained ${trainings.length} times.` : '';
  return `${NETWORKS[network] ?? `The published model ${network}`} predicts ${what} from ${inputs.slice(0, -1).join(', ')} and ${inputs.at(-1)}.${defining}${trained}`;
}

/** What the paired difference of this model to another says: by its interval, and by its p-value adjusted for all comparisons where there is one. */
export function comparedWords(difference: ReportedMetric & { readonly adjustedP?: number }): string {
  if (difference.value === null) return 'not computed';
  const { low, high, adjustedP = 0 } = difference;
  if (low === undefined || high === undefined) return 'no interval';
  if ((low <= 0 && high >= 0) || adjustedP > 0.05) return 'the two are not told apart';
  return low > 0 ? 'this model is better' : 'the other model is better';
}

/** The metric by which a run is judged. Both are 0.5 by chance. */
export type MainMetric = 'concordanceIndex' | 'macroAuc';

/** The main metric of a result; undefined where it does not hold one. */
export function mainMetric(metrics: ReportedMetrics): { name: MainMetric; metric: ReportedMetric } | undefined {
  const name = (['concordanceIndex', 'macroAuc'] as const).find((candidate) => candidate in metrics);
  return name === undefined ? undefined : { name, metric: metrics[name] };
}

/** An absolute path becomes its last part: folders say something about a machine and nothing about the method. */
export function withoutFolders(text: string): string {
  if (/^(?:[\\/~]|[A-Za-z]:[\\/]|file:)/.test(text))
    return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
  return text.replace(/(?<![\w.:/\\])(?:[A-Za-z]:|~)?[\\/](?:[^\s\\/:"']+[\\/])+/g, '');
}
