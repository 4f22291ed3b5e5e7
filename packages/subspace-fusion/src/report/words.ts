import { namesOf } from '../comparison/scopes.js';
import { modelName, number } from '../words/comparison.js';
import type { ReportedMetric, ReportedMetrics, ReportRun } from './types.js';

/** A number with a fixed count of decimals and a true minus sign; a dash for what could not be computed. */
export function decimal(value: number | null | undefined, decimals = 2): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(decimals).replace('-', '−');
}

/** With spaces that do not break. */
export const INTERVAL_95 = '95\u00a0%\u00a0interval';

/** "0.703 to 0.852", or a dash. */
export function interval(metric: ReportedMetric): string {
  if (metric.value === null || metric.low === undefined || metric.high === undefined) return '–';
  return `${number(metric.low)} to ${number(metric.high)}`;
}

/** "0.781 (95 % interval 0.703 to 0.852)". */
export function withInterval(metric: ReportedMetric & { value: number }): string {
  return interval(metric) === '–'
    ? number(metric.value)
    : `${number(metric.value)} (${INTERVAL_95} ${interval(metric)})`;
}

export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
}

/** "a", "a and b", "a, b and c". */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;

const NETWORKS: Readonly<Record<string, string>> = { subspace: 'The subspace fusion model' };

/** What was predicted from what: from no more than the model reads. */
export function modelWords({ task, model, trainings, patients }: ReportRun): string {
  const { network, reads, tokens, patchWidth, genes, encoder, covariates, definingCovariates } = model;
  const what =
    task === 'survival'
      ? `survival (${'endpoint' in patients && patients.endpoint ? patients.endpoint.name : 'by the endpoint of the cohort'})`
      : `the ${task}`;
  const inputs = [
    ...(reads.bag
      ? [
          `${tokens} patches of a slide (${patchWidth} features each${encoder === undefined ? ', encoder not stated' : `, encoder ${encoder}`})`,
        ]
      : []),
    ...(reads.genes
      ? [`the expression of ${genes.tumour} tumour and ${genes.microenvironment} microenvironment genes`]
      : []),
    ...(covariates.length > 0 ? [covariates.join(', ')] : []),
  ];
  const defining =
    definingCovariates.length > 0
      ? ` ${definingCovariates.join(', ')}: part of the label's definition, so the task is easier than it looks.`
      : '';
  const trained = trainings.length > 1 ? ` It was trained ${trainings.length} times.` : '';
  return `${NETWORKS[network] ?? `The published model ${network}`} predicts ${what} from ${listed(inputs)}.${defining}${trained}`;
}

/** The names of the models of a run, or of its comparison, in words. */
export const namesIn = ({ comparison }: Pick<ReportRun, 'comparison'>): ((model: string) => string) =>
  comparison ? namesOf(comparison) : (model) => modelName(model);

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
