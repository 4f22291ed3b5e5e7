import { labelPatients } from './labels.js';
import type { Config } from './config.js';
import type { CohortFlow, Patient } from './types.js';

/** How many of these patients have no label of the task, by reason. */
export function withoutLabel(
  patients: readonly Patient[],
  { task, labels }: Pick<Config, 'task' | 'labels'>,
): Record<string, number> {
  if (task !== 'survival') return Object.fromEntries(labelPatients(patients, task, labels).unlabelled);
  const without = patients.filter(({ survival }) => survival === undefined).length;
  return without > 0 ? { 'no follow-up': without } : {};
}

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0);

/** The flow in one line: who was left out for what, and how many can be used. */
export function describeFlow({
  patients,
  notIncluded,
  noExpression,
  noSlides,
  neither,
  complete,
  noLabel,
}: CohortFlow): string {
  const lost = [
    ...Object.entries(notIncluded).map(([condition, n]) => [n, `not of ${condition}`] as const),
    [noExpression, 'without expression'] as const,
    [noSlides, 'without slides'] as const,
    [neither, 'with neither'] as const,
  ].filter(([n]) => n > 0);
  const unlabelled = Object.entries(noLabel).map(([reason, n]) => `${n} ${reason}`);
  const leftOut = lost.length === 0 ? '' : `: ${lost.map(([n, what]) => `${n} ${what}`).join(', ')}`;
  const labelled =
    unlabelled.length === 0 ? '' : `, of which ${total(noLabel)} without a label (${unlabelled.join(', ')})`;
  return `${patients} patients${leftOut}; ${complete} complete${labelled}`;
}
