import * as Plot from '@observablehq/plot';
import type { Branch } from '../model/parts.js';
import type { EpochRecord } from '../runs/training-files.js';
import { capital, metricName } from '../words/comparison.js';
import { COLOURS, figure, roundStep, SMALL, swatch } from './figure.js';
import { html, table, type Html } from './html.js';
import type { Training } from './types.js';
import { count, decimal } from './words.js';

/** A line through the epochs, with its name at the line's end. */
interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dash?: string;
  readonly value: (epoch: EpochRecord) => number | null;
}

/** Loss, consistency, validation metric and coordination over the epochs, and the numbers behind them. */
export function trainingFigures(run: Training): Html {
  if (run.epochs.length === 0) return html`<p>No epochs were recorded.</p>`;
  return html`<div class="grid">
${lossFigure(run)}${consistencyFigure(run)}${validationFigure(run)}${coordinationFigure(run)}</div>
${conflictWords(run.epochs)}
<details><summary>Every epoch in numbers</summary>${epochTable(run)}</details>`;
}

/** How often the subspaces were in conflict, and who gave way, over all steps. */
function conflictWords(epochs: readonly EpochRecord[]): Html | undefined {
  const counted = epochs.flatMap(({ coordination }) => coordination ?? []);
  if (counted.length === 0) return undefined;
  const total = (key: 'steps' | 'tumourYielded' | 'microenvironmentYielded') =>
    counted.reduce((sum, epoch) => sum + epoch[key], 0);
  const [steps, tumour, microenvironment] = [total('steps'), total('tumourYielded'), total('microenvironmentYielded')];
  const percent = (n: number) => `${Math.round((100 * n) / Math.max(steps, 1))}\u00a0%`;
  return html`<p>The gradients of the two subspaces were in conflict, and one gave way, in ${tumour + microenvironment} of ${count(steps, 'step')}
(${percent(tumour + microenvironment)}): the tumour subspace in ${tumour} (${percent(tumour)}), the microenvironment in ${microenvironment}
(${percent(microenvironment)}). By the method, the one that is less sure of the batch gives way.</p>`;
}

function lossFigure(run: Training): Html {
  return curvesFigure(
    run,
    'Loss',
    'Loss of each epoch. Total: task loss plus consistency, on the training patients.',
    'Loss',
    [
      { name: 'training, total', colour: COLOURS.quiet, dash: '2 3', value: (epoch) => epoch.loss },
      { name: 'training, task', colour: 'var(--blue)', value: (epoch) => epoch.taskLoss },
      { name: 'validation, task', colour: 'var(--orange)', dash: '7 3', value: (epoch) => epoch.validation.loss },
    ],
  );
}

const STROKES = {
  tumour: { colour: COLOURS.tumour, dash: '7 3' },
  microenvironment: { colour: COLOURS.microenvironment },
  joint: { colour: 'var(--blue)' },
};

/** The branches of the network that was trained; a peer has none. */
function branchesOf(epochs: readonly EpochRecord[]): Branch[] {
  return Object.keys(epochs.at(0)?.consistency ?? {}) as Branch[];
}

function consistencyFigure(run: Training): Html {
  const branches = branchesOf(run.epochs);
  if (branches.length === 0) return html``;
  const caption = 'How far patients that are alike in genes look at different places; 0 is full agreement.';
  return curvesFigure(
    run,
    'Gene-guided consistency',
    caption,
    'Consistency loss',
    branches.map((name) => ({ name, ...STROKES[name], value: (epoch) => epoch.consistency[name] ?? null })),
  );
}

/** Why the epoch was kept; `name` is that of the metric. */
function whyKept({ by, value }: Training['selection'], name: string): string {
  if (by === 'likelihood') return 'the smallest loss on the validation patients';
  if (by === 'last') return 'the last one, as the config asks';
  if (value === null) return `the last one, since ${name} could not be computed on the validation patients`;
  return `${name} ${decimal(value)} on the validation patients`;
}

function validationFigure(run: Training): Html {
  const { selection } = run;
  const name = capital(metricName(selection.metric));
  const caption = `The weights of epoch ${selection.epoch} (dotted line) were kept: ${whyKept(selection, name)}.`;
  return curvesFigure(run, `${name} on validation`, caption, name, [
    { name: '', colour: 'var(--blue)', value: (epoch) => epoch.validation.value },
  ]);
}

/** Curves over the epochs; the selected epoch is a vertical line in each and a ring on a lone curve. */
function curvesFigure(run: Training, title: string, caption: string, label: string, curves: readonly Curve[]): Html {
  const selected = run.selection.epoch;
  const marks = curves.map(({ colour, dash, value }) =>
    Plot.line(run.epochs, { x: 'epoch', y: asNaN(value), stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
  );
  const ring = run.epochs.filter((epoch) => epoch.epoch === selected && curves.length === 1);
  const shown = curves.filter(({ name }) => name !== '');
  const legend = html`<ul class="legend">${shown.map(({ name, colour, dash }) => html`<li>${swatch(colour, dash)} ${name}</li>`)}</ul>`;
  const description = `${label} over ${count(run.epochs.length, 'epoch')}. ${caption}`;
  return figure(title, description, shown.length > 0 ? html`${legend}${caption}` : caption, {
    ...SMALL,
    marginBottom: 40,
    x: epochAxis(run.epochs),
    y: { label, labelArrow: 'none', grid: true, nice: true, ticks: 5 },
    marks: [
      Plot.ruleX([selected], { stroke: COLOURS.quiet, strokeDasharray: '1 3' }),
      ...marks,
      Plot.dot(ring, {
        x: 'epoch',
        y: asNaN(curves[0].value),
        r: 5,
        stroke: 'var(--orange)',
        strokeWidth: 2.5,
        fill: 'var(--paper)',
      }),
    ],
  });
}

/** A gap in the line, where there is no value. */
const asNaN = (value: Curve['value']) => (epoch: EpochRecord) => value(epoch) ?? NaN;

function coordinationFigure(run: Training): Html {
  const epochs = run.epochs.flatMap(({ epoch, coordination }) => (coordination ? [{ epoch, ...coordination }] : []));
  if (epochs.length === 0) return html``;
  const yielded = epochs.flatMap(({ epoch, tumourYielded, microenvironmentYielded }) => [
    { epoch, colour: COLOURS.tumour, steps: tumourYielded },
    { epoch, colour: COLOURS.microenvironment, steps: microenvironmentYielded },
  ]);
  const total = (of: (epoch: (typeof epochs)[number]) => number) => epochs.reduce((sum, epoch) => sum + of(epoch), 0);
  const tumour = total((epoch) => epoch.tumourYielded);
  const microenvironment = total((epoch) => epoch.microenvironmentYielded);
  const steps = total((epoch) => epoch.steps);
  const caption = `Steps in which a half of the head's gradient gave way to the other: tumour in ${tumour}, microenvironment
in ${microenvironment}, of ${steps}.`;
  const legend = html`<ul class="legend"><li>${swatch(COLOURS.tumour)} tumour yielded</li>
<li>${swatch(COLOURS.microenvironment)} microenvironment yielded</li></ul>`;
  return figure('Gradient coordination', caption, html`${legend}${caption}`, {
    ...SMALL,
    marginBottom: 40,
    x: epochAxis(run.epochs),
    y: { label: 'Steps', labelArrow: 'none', grid: true, nice: true, ticks: 5 },
    marks: [
      Plot.rect(
        yielded,
        Plot.stackY({
          x1: ({ epoch }: { epoch: number }) => epoch - 0.4,
          x2: ({ epoch }: { epoch: number }) => epoch + 0.4,
          y: 'steps',
          fill: 'colour',
        }),
      ),
      Plot.ruleY([0]),
    ],
    color: { type: 'identity' },
  });
}

/** Ticks at whole epochs only: the first, then round numbers. */
function epochAxis(epochs: readonly EpochRecord[]): Plot.ScaleOptions {
  const numbers = epochs.map(({ epoch }) => epoch);
  const step = Math.max(roundStep(numbers.length), 1);
  return {
    label: 'Epoch',
    labelAnchor: 'center',
    labelArrow: 'none',
    labelOffset: 34,
    domain: [numbers[0] - 0.5, numbers[numbers.length - 1] + 0.5],
    ticks: numbers.filter((epoch, i) => i === 0 || epoch % step === 0),
    tickFormat: (epoch: number) => String(epoch),
  };
}

function epochTable({ epochs, selection }: Training): Html {
  const branches = branchesOf(epochs);
  const coordinated = epochs.some(({ coordination }) => coordination);
  const columns = [
    'Epoch',
    'Learning rate',
    'Loss',
    'Task loss',
    ...branches.map((branch) => `Consistency, ${branch}`),
    ...(coordinated ? ['Steps', 'Tumour yielded', 'Microenvironment yielded'] : []),
    'Validation loss',
    capital(metricName(selection.metric)),
    'Seconds',
  ];
  const rows = epochs.map((epoch) => [
    epoch.epoch,
    epoch.learningRate.toPrecision(3),
    decimal(epoch.loss, 4),
    decimal(epoch.taskLoss, 4),
    ...branches.map((branch) => decimal(epoch.consistency[branch] ?? null, 4)),
    ...(epoch.coordination
      ? [epoch.coordination.steps, epoch.coordination.tumourYielded, epoch.coordination.microenvironmentYielded]
      : []),
    decimal(epoch.validation.loss, 4),
    decimal(epoch.validation.value, 3),
    decimal(epoch.seconds, 1),
  ]);
  return table('Training, epoch by epoch', columns, rows);
}

/** Several trainings of one configuration: validation metric, task loss, and how often the subspaces gave way, a line a training. */
export function manyTrainingsFigures(trainings: readonly Training[]): Html {
  const recorded = trainings.filter(({ epochs }) => epochs.length > 0);
  if (recorded.length === 0) return html`<p>No epochs were recorded.</p>`;
  const metric = capital(metricName(recorded[0].selection.metric));
  const coordinated = recorded.some(({ epochs }) => epochs.some(({ coordination }) => coordination));
  return html`<div class="grid">
${linesFigure(recorded, `${metric} on validation`, metric, (epoch) => epoch.validation.value)}
${linesFigure(recorded, 'Task loss on the training patients', 'Loss', (epoch) => epoch.taskLoss)}
${coordinated ? yieldsFigure(recorded) : undefined}</div>
${conflictWords(recorded.flatMap(({ epochs }) => epochs))}
<details><summary>Every training in numbers</summary>${trainingsTable(trainings, metric)}</details>`;
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
  const legend = html`<ul class="legend"><li>${swatch(COLOURS.tumour, '7 3')} tumour yielded</li><li>${swatch(COLOURS.microenvironment)} microenvironment yielded</li></ul>`;
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
