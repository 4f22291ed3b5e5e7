import { CHOSEN_ON_THESE, type NamedMetrics } from '../evaluation/result.js';

/** The figures of a metric for a terminal: `0.812 (95 % 0.742 to 0.871; n 57, 19 events)`, or why there is none. */
export function figure(metric: NamedMetrics[string] | undefined): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const interval =
    metric.low === undefined || metric.high === undefined
      ? (metric.noInterval ?? 'no interval')
      : `95 % ${metric.low.toFixed(3)} to ${metric.high.toFixed(3)}`;
  const events = metric.events === undefined ? '' : `, ${metric.events} events`;
  return `${metric.value.toFixed(3)} (${interval}; n ${metric.n}${events})`;
}

/** Goes with the figures of patients that the model was chosen on. */
export const chosenWarning = `CAUTION: ${CHOSEN_ON_THESE}`;

/** The metric that speaks for a task: the concordance index, or macro AUC. */
export function headline(metrics: NamedMetrics): readonly [string, NamedMetrics[string] | undefined] {
  return 'concordanceIndex' in metrics ? ['C-index', metrics['concordanceIndex']] : ['macro AUC', metrics['macroAuc']];
}

const baselineNames: Readonly<Record<string, string>> = {
  ridgeCox: 'ridge Cox, same genes',
  ridgeLogistic: 'ridge logistic, same genes',
};

/** A baseline in words. */
export function baselineName(name: string): string {
  return baselineNames[name] ?? name;
}
