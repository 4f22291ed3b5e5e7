import type { ReportedMetric, ReportedMetrics } from './types.js';

const METRICS: Readonly<Record<string, string>> = {
  accuracy: 'Accuracy',
  balancedAccuracy: 'Balanced accuracy',
  macroF1: 'Macro F1',
  macroAuc: 'Macro AUC',
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  precision: 'Precision',
  concordanceIndex: 'C-index',
};

const BASELINES: Readonly<Record<string, string>> = {
  ridgeCox: 'Ridge Cox regression on the same genes',
  ridgeLogistic: 'Ridge logistic regression on the same genes',
  meanSlide: 'Ridge regression on the mean patch feature',
  age: 'Age',
  ageSex: 'Age and sex',
  idh: 'IDH status',
  idhAge: 'IDH status and age',
  clinical: 'Age, sex, grade, IDH and 1p/19q status',
  permutedBags: 'Our model, slides permuted between patients',
};

export const metricName = (name: string): string => METRICS[name] ?? name;
export const baselineName = (name: string): string => BASELINES[name] ?? name;

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
  return interval(metric) === '–' ? decimal(metric.value) : `${decimal(metric.value)} (${INTERVAL_95} ${interval(metric)})`;
}

export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
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
  if (/^(?:[\\/~]|[A-Za-z]:[\\/]|file:)/.test(text)) return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
  return text.replace(/(?<![\w.:/\\])(?:[A-Za-z]:|~)?[\\/](?:[^\s\\/:"']+[\\/])+/g, '');
}
