import type { Metric } from '../metrics/index.js';
import type { NamedMetrics } from '../runs/values.js';

/** Stands wherever figures of patients do that the model was fitted to or chosen on. */
export const CHOSEN_ON_THESE =
  'the model was fitted to these patients or chosen on them: no evidence of how good it is';

export function byName(metrics: readonly Metric[]): NamedMetrics {
  return Object.fromEntries(metrics.map(({ name, ...rest }) => [name, rest]));
}

/** The metrics know classes by their numbers: `class 2 has no patient`, `0/0 for class 1, 3`. */
const NUMBERS = /\bclass (\d+(?:, \d+)*)/g;

/** A metric with the names of classes in what it says about them. */
export function nameClasses<M extends Metric | NamedMetrics[string]>(metric: M, classes: readonly string[]): M {
  const named = (text: string) =>
    text.replace(
      NUMBERS,
      (_, numbers: string) =>
        `class ${numbers
          .split(', ')
          .map((c) => `'${classes[Number(c)]}'`)
          .join(', ')}`,
    );
  if (metric.value === null) return { ...metric, reason: named(metric.reason) };
  return metric.note === undefined ? metric : { ...metric, note: named(metric.note) };
}

/** {@link nameClasses} of all metrics of a model. */
export function nameAllClasses(metrics: NamedMetrics, classes: readonly string[]): NamedMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, nameClasses(metric, classes)]));
}
