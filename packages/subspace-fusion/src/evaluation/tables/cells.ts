import type { Difference, NamedMetric } from '../comparison-types.js';

/** `0.832 (0.804 to 0.859)`; a difference with its sign. Or why there is none. */
export function withInterval(metric: NamedMetric | undefined, signed = false): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const { value, low, high, noInterval } = metric;
  const show = (x: number) => number(x, signed);
  return low === undefined || high === undefined
    ? `${show(value)} (no interval: ${noInterval ?? 'none was asked for'})`
    : `${show(value)} (${show(low)} to ${show(high)})`;
}

/** The value alone. */
export function plain(metric: NamedMetric | undefined): string {
  return metric && metric.value !== null ? number(metric.value) : 'not computed';
}

/** With three decimals and a true minus sign. */
export function number(x: number, signed = false): string {
  const text = x.toFixed(3).replace(/^-(0\.000)$/, '$1');
  return `${signed && !text.startsWith('-') ? '+' : ''}${text.replace('-', '−')}`;
}

/** A p-value; empty where there is none. */
export function pValue(p: number | undefined): string {
  if (p === undefined) return '';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** What a paired difference says of the first model; empty where nothing was tested. */
export function verdictOf(difference: Difference | undefined): string {
  return difference && difference.value !== null ? (difference.verdict ?? '') : '';
}
