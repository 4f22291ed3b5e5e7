import * as Plot from '@observablehq/plot';
import { figure, SMALL, COLOURS, swatch } from './figure.js';
import { html, table, type Html } from './html.js';
import { conflictWords, epochAxis } from './training-figures.js';
import type { EpochRecord, Training } from './types.js';
import { count, decimal, metricName } from './words.js';

/** Several trainings of one configuration: validation metric, task loss, and how often the subspaces gave way, a line a training. */
export function manyTrainingsFigures(trainings: readonly Training[]): Html {
  const recorded = trainings.filter(({ epochs }) => epochs.length > 0);
  if (recorded.length === 0) return html`<p>No epochs were recorded.</p>`;
  const metric = metricName(recorded[0].selection.metric);
  const coordinated = recorded.some(({ epochs }) => epochs.some(({ coordination }) => coordination));
  return html`<div class="grid">
      ${linesFigure(recorded, `${metric} on validation`, metric, (epoch) => epoch.validation.value)}
      ${linesFigure(recorded, 'Task loss on the training patients', 'Loss', (epoch) => epoch.taskLoss)}
      ${coordinated ? yieldsFigure(recorded) : undefined}
    </div>
    ${conflictWords(recorded.flatMap(({ epochs }) => epochs))}
    <details>
      <summary>Every training in numbers</summary>
      ${trainingsTable(trainings, metric)}
    </details>`;
}

function linesFigure(
  trainings: readonly Training[],
  title: string,
  label: string,
  value: (epoch: EpochRecord) => number | null,
): Html {
  const caption = `${count(trainings.length, 'training')}, a line each.`;
  return figure(title, caption, caption, {
    ...SMALL,
    marginBottom: 40,
    x: epochAxis(longest(trainings)),
    y: { label, labelArrow: 'none', grid: true, nice: true, ticks: 5 },
    marks: trainings.map(({ epochs }) =>
      Plot.line(epochs, {
        x: 'epoch',
        y: (epoch: EpochRecord) => value(epoch) ?? NaN,
        stroke: 'var(--blue)',
        strokeOpacity: 0.6,
        strokeWidth: 1.6,
      }),
    ),
  });
}

/** The share of all trainings' steps in which each subspace gave way, by epoch. */
function yieldsFigure(trainings: readonly Training[]): Html {
  const shares = longest(trainings).map(({ epoch }) => {
    const counted = trainings.flatMap(({ epochs }) => epochs.find((one) => one.epoch === epoch)?.coordination ?? []);
    const steps = counted.reduce((sum, one) => sum + one.steps, 0);
    return {
      epoch,
      tumour: (100 * counted.reduce((sum, one) => sum + one.tumourYielded, 0)) / steps,
      microenvironment: (100 * counted.reduce((sum, one) => sum + one.microenvironmentYielded, 0)) / steps,
    };
  });
  const legend = html`<ul class="legend">
    <li>${swatch(COLOURS.tumour, '7 3')} tumour yielded</li>
    <li>${swatch(COLOURS.microenvironment)} microenvironment yielded</li>
  </ul>`;
  const caption = 'Share of the steps of all trainings in which a subspace gave way to the other.';
  return figure('Gradient coordination', caption, html`${legend}${caption}`, {
    ...SMALL,
    marginBottom: 40,
    x: epochAxis(longest(trainings)),
    y: { label: 'Steps (%)', labelArrow: 'none', grid: true, nice: true, zero: true, ticks: 5 },
    marks: [
      Plot.line(shares, { x: 'epoch', y: 'tumour', stroke: COLOURS.tumour, strokeWidth: 2, strokeDasharray: '7 3' }),
      Plot.line(shares, { x: 'epoch', y: 'microenvironment', stroke: COLOURS.microenvironment, strokeWidth: 2 }),
    ],
  });
}

const longest = (trainings: readonly Training[]) =>
  trainings.map(({ epochs }) => epochs).reduce((most, epochs) => (epochs.length > most.length ? epochs : most));

function trainingsTable(trainings: readonly Training[], metric: string): Html {
  const rows = trainings.map(({ name = '', epochs, selection }) => [
    name,
    epochs.length,
    selection.epoch,
    decimal(selection.value, 3),
  ]);
  return table(
    'Trainings, with the epoch whose weights were kept',
    ['Training', 'Epochs', 'Epoch kept', `${metric} on validation`],
    rows,
  );
}
