import type { Metric } from '../metrics/index.js';
import type { AddedValue } from './comparison-types.js';
import type { FoundDifference, WantedDifference } from './comparison.js';
import { BRIER, HEADLINE, OTHERS, THRESHOLDS } from './fold-metrics.js';
import type { FoldScores } from './fold-scores.js';
import { byName } from './result.js';
import { REFERENCE } from './simple-models.js';

/** What is asked of each model over age, diagnosis and grade: discrimination, Brier score and net benefit. */
export function addedMetrics(folds: readonly FoldScores[], names: readonly string[]): WantedDifference[] {
  if (whyNot(folds) !== undefined) return [];
  const { kind } = folds[0].truth;
  const metrics = [
    HEADLINE[kind],
    ...OTHERS[kind].names.filter((name) => name === BRIER[kind] || name.startsWith('netBenefit')),
  ];
  return names
    .filter((name) => name !== REFERENCE)
    .flatMap((model) => metrics.map((metric) => ({ model, reference: REFERENCE, metric })));
}

/** Those differences as they were found, by model. */
export function addedValue(
  folds: readonly FoldScores[],
  found: readonly FoundDifference[],
): AddedValue | { readonly reason: string } {
  const reason = whyNot(folds);
  if (reason !== undefined) return { reason };
  const { variables, leftOut } = folds[0].reference!;
  const models = [...new Set(found.map(({ model }) => model))];
  const own = (model: string) =>
    found
      .filter((difference) => difference.model === model)
      .map(({ value, metric }): Metric => ({ ...value, name: metric }));
  return {
    over: REFERENCE,
    variables,
    leftOut,
    thresholds: THRESHOLDS,
    models: Object.fromEntries(models.map((model) => [model, byName(own(model))])),
  };
}

/** Why there is no clinical model to add to. */
function whyNot(folds: readonly FoldScores[]): string | undefined {
  for (const { fold, models, reference } of folds) {
    const scores = models[REFERENCE];
    if (!scores || !reference) return 'there is no clinical model';
    if ('reason' in scores) return `there is no clinical model in fold ${fold}: ${scores.reason}`;
  }
  return undefined;
}
