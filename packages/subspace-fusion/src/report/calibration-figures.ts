import * as Plot from '@observablehq/plot';
import type { Metric } from '../metrics/bootstrap.js';
import {
  classBrier,
  expectedCalibrationError,
  logLoss,
  reliabilityCurve,
  type ReliabilityBin,
} from '../metrics/class-calibration.js';
import { predictedClasses } from '../metrics/classification.js';
import { calibrationGroups, survivalCalibrationError, type CalibrationGroup } from '../metrics/survival-curve.js';
import type { SurvivalCalibration } from '../runs/confidence.js';
import { figure, SMALL } from './figure.js';
import { html, table, type Html } from './html.js';
import type { ClassPredictions, SurvivalPredictions } from './types.js';
import { count, decimal } from './words.js';

/** A group of patients: what was predicted and what came, as shares of 1. */
interface Point {
  readonly n: number;
  readonly predicted: number;
  readonly observed: number;
  readonly low: number;
  readonly high: number;
}

const BINS = 10;

/** Whether probabilities are what they say: the curve of the predicted class, also `after` the temperature, and scores of the probabilities. */
export function classCalibration(
  { classes, rows }: ClassPredictions,
  after: readonly ReliabilityBin[] | undefined,
): Html {
  const probabilities = rows.flatMap((row) => row.probabilities);
  const truth = rows.map(({ label }) => label);
  const predicted = predictedClasses(probabilities, classes.length);
  const confidence = rows.map((row, i) => row.probabilities[predicted[i]]);
  const points = reliabilityCurve(
    confidence,
    truth.map((label, i) => label === predicted[i]),
    BINS,
  );
  const scores = [
    scoreRow(
      'Expected calibration error (0 is best)',
      expectedCalibrationError(probabilities, truth, classes.length, BINS),
    ),
    scoreRow('Brier score, all classes (0 is best, 2 worst)', classBrier(probabilities, truth, classes.length)),
    scoreRow('Log loss (0 is best)', logLoss(probabilities, truth, classes.length)),
  ];
  const caption =
    'Patients by the probability that the model gave to its predicted class, in tenths; bars: 95\u00a0% intervals; the diagonal is perfect calibration.';
  return html`<div class="grid">${calibrationFigure('Reliability of the predicted class', caption, 'Predicted probability (%)', 'Right (%)', points)}
${after ? calibrationFigure('The same after the temperature', caption, 'Predicted probability (%)', 'Right (%)', after) : undefined}</div>
${scoresTable('Scores of the probabilities', 'Score', scores)}
${pointsTable('Reliability, group by group', 'right', points)}`;
}

/** Notes have a column where there are any. */
function scoresTable(caption: string, first: string, rows: readonly (readonly string[])[]): Html {
  const noted = rows.some(([, , note]) => note !== '');
  return table(
    caption,
    [first, 'Value', ...(noted ? ['Note'] : [])],
    rows.map((row) =>
      row.slice(0, noted ? 3 : 2).map((cell, c) => (c === 2 ? html`<span class="wrap">${cell}</span>` : cell)),
    ),
  );
}

function scoreRow(name: string, metric: Metric): string[] {
  return metric.value === null ? [name, '–', metric.reason] : [name, decimal(metric.value, 3), metric.note ?? ''];
}

/** Patients of a group that can still say something. */
const GROUP = 10;

/** Groups of patients at a time, and how far predicted and observed survival are apart. */
interface Horizon {
  readonly name: string;
  readonly groups: readonly CalibrationGroup[];
  readonly error: Metric;
}

/** Predicted against Kaplan-Meier survival in quantile groups of the prediction: at whole years where the evaluation judged them, otherwise at the model's own times. */
export function survivalCalibration(predictions: SurvivalPredictions, judged: SurvivalCalibration | undefined): Html {
  const horizons = judged
    ? judged.horizons.map(({ years, groups, error }) => ({ name: count(years, 'year'), groups, error }))
    : atCuts(predictions);
  if (horizons.length === 0)
    return html`<p>The model's last time cut lies before one year, so no survival after whole years can be judged.</p>`;
  const drawn = horizons.map(({ name, groups }) => {
    const points = groups.flatMap(({ n, predicted, observed }) =>
      observed.value === null
        ? []
        : [
            {
              n,
              predicted,
              observed: observed.value,
              low: observed.low ?? observed.value,
              high: observed.high ?? observed.value,
            },
          ],
    );
    const lost = groups.length - points.length;
    const caption = `${count(groups.length, 'group')} of about equal size by predicted survival${lost > 0 ? `; ${lost} without a point, since its follow-up ends before` : ''}.`;
    return calibrationFigure(`Survival at ${name}`, caption, 'Predicted (%)', 'Kaplan-Meier (%)', points);
  });
  return html`<div class="grid">${drawn}</div>
<p>Each point is a group of patients: what the model predicted for them on average, and the Kaplan-Meier survival that they had, with its 95\u00a0% interval.
Points under the diagonal: the model was too hopeful.</p>
${scoresTable(
  'Distance of predicted and Kaplan-Meier survival',
  'Time',
  horizons.map(({ name, error }) => scoreRow(`Mean distance at ${name}`, error)),
)}`;
}

/** At the boundaries of the model's time intervals. */
function atCuts({ rows, cuts, timeUnit }: SurvivalPredictions): Horizon[] {
  const groups = Math.max(Math.min(4, Math.floor(rows.length / GROUP)), 1);
  const time = rows.map((row) => row.time);
  const event = rows.map((row) => row.event);
  return cuts.map((horizon, k) => {
    const survival = rows.map((row) => row.survival[k]);
    const name = `${decimal(horizon, 1)} ${timeUnit}`;
    return {
      name,
      groups: calibrationGroups(time, event, survival, horizon, groups),
      error: survivalCalibrationError(time, event, survival, horizon, groups),
    };
  });
}

function calibrationFigure(title: string, caption: string, x: string, y: string, points: readonly Point[]): Html {
  const percent = points.map((p) => ({
    n: p.n,
    predicted: 100 * p.predicted,
    observed: 100 * p.observed,
    low: 100 * p.low,
    high: 100 * p.high,
  }));
  const inWords = percent
    .map(
      (p) => `predicted ${decimal(p.predicted, 0)} %, observed ${decimal(p.observed, 0)} %, ${count(p.n, 'patient')}`,
    )
    .join('; ');
  return figure(title, inWords === '' ? 'No group could be computed.' : inWords, caption, {
    ...SMALL,
    height: 300,
    marginBottom: 44,
    x: { domain: [0, 100], ticks: 5, label: x, labelAnchor: 'center', labelArrow: 'none', labelOffset: 36 },
    y: { domain: [0, 100], ticks: 5, label: y, labelArrow: 'none', grid: true },
    marks: [
      Plot.line(
        [
          [0, 0],
          [100, 100],
        ],
        { stroke: 'var(--quiet)', strokeDasharray: '1 3' },
      ),
      Plot.ruleX(percent, { x: 'predicted', y1: 'low', y2: 'high', stroke: 'var(--blue)', strokeWidth: 1.5 }),
      Plot.dot(percent, { x: 'predicted', y: 'observed', r: 4.5, fill: 'var(--blue)' }),
    ],
  });
}

function pointsTable(caption: string, what: string, points: readonly Point[]): Html {
  const share = (x: number) => `${decimal(100 * x, 0)}\u00a0%`;
  const rows = points.map((p) => [share(p.predicted), share(p.observed), `${share(p.low)} to ${share(p.high)}`, p.n]);
  return html`<details><summary>${caption}</summary>${table(caption, ['Mean predicted', `Share ${what}`, '95\u00a0% interval', 'Patients'], rows)}</details>`;
}
