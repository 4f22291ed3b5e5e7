import {
  confidenceRows,
  count,
  PER_YEAR,
  percent,
  predictionRows,
  RISK_GROUP_WORDS,
  type ShownRow,
} from 'subspace-fusion/browser';
import type { PatientView, PredictedSurvival, Prediction, RunView } from '../engine/views.js';
import { el, figure, fill, svg } from './dom.js';
import { bars } from './explanation.js';
import { change, headline } from './words.js';

const WIDTH = 560;
const HEIGHT = 320;
const MARGIN = { left: 72, right: 12, top: 14, bottom: 62 };

/** The patient's predicted survival over the Kaplan-Meier curves of the tested patients' risk groups; `changed` is what-if. */
function survivalPlot(
  prediction: PredictedSurvival,
  changed: PredictedSurvival | undefined,
  { groups, timeUnit }: RunView,
): SVGSVGElement {
  const years = (time: number) => time / PER_YEAR[timeUnit];
  const ends = [...groups, prediction.curve].flatMap(({ times }) => times.slice(-1)).map(years);
  const end = Math.max(...ends) * 1.02;
  const x = (time: number) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * years(time)) / end;
  const y = (alive: number) => MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) * (1 - alive);
  const line = ({ curve }: PredictedSurvival) =>
    curve.times.map((t, i) => `${i ? 'L' : 'M'}${x(t).toFixed(1)} ${y(curve.survival[i]).toFixed(1)}`).join('');
  const steps = (times: readonly number[], survival: readonly number[]) =>
    `M${x(0)} ${y(1)}` + times.map((t, i) => `H${x(t).toFixed(1)}V${y(survival[i]).toFixed(1)}`).join('');
  const alive = Object.entries(prediction.years).map(
    ([years, p]) => `${typeof p === 'number' ? percent(p) : p} after ${count(Number(years), 'year')}`,
  );
  const description =
    `Predicted survival: ${alive.join(', ')}. ` +
    (groups.length > 0
      ? `The other curves are of the tested patients of ${groups.map((g) => `${RISK_GROUP_WORDS[g.name]} (${g.patients})`).join(' and ')}.`
      : '');
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', class: 'plot', 'aria-label': description },
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((alive) => [
      svg('line', { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(alive), y2: y(alive), class: 'rule' }),
      svg('text', { x: MARGIN.left - 6, y: y(alive) + 4, 'text-anchor': 'end' }, `${100 * alive} %`),
    ]),
    ...ticks(end).map((year) =>
      svg(
        'text',
        { x: x(year * PER_YEAR[timeUnit]), y: HEIGHT - MARGIN.bottom + 24, 'text-anchor': 'middle' },
        String(year),
      ),
    ),
    svg('text', { x: WIDTH / 2, y: HEIGHT - 8, 'text-anchor': 'middle' }, 'Years'),
    ...groups.map(({ name, times, survival }) => svg('path', { d: steps(times, survival), class: `group ${name}` })),
    svg('path', { d: line(prediction), class: 'patient' }),
    ...(changed ? [svg('path', { d: line(changed), class: 'changed' })] : []),
  );
}

/** Whole years, at most about eight of them. */
function ticks(end: number): number[] {
  const step = [0.25, 0.5, 1, 2, 5, 10].find((step) => end / step <= 8) ?? 20;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}

/** Shows a patient's prediction, next to what becomes of it when something is changed. */
export function showPrediction(
  section: HTMLElement,
  run: RunView,
  { prediction, seconds }: PatientView,
  changed?: Prediction,
): void {
  const { patient, task, warnings } = prediction;
  fill(
    section,
    el('h2', { id: 'prediction-title' }, `Prediction for ${patient}`),
    el('p', { class: 'headline', id: 'headline' }, headline(prediction)),
    warnings.length > 0
      ? el('ul', { class: 'warnings', 'aria-label': 'Warnings' }, ...warnings.map((warning) => el('li', {}, warning)))
      : undefined,
    ...(prediction.survival ? survivalParts(run, prediction, changed) : [probabilityBars(prediction, changed)]),
    changed ? el('p', { class: 'change', role: 'status' }, change(prediction, changed)) : undefined,
    confidenceTable(prediction, changed !== undefined),
    el('p', { class: 'quiet' }, `Task: ${task}. Read and predicted in ${seconds.toFixed(1)} s.`),
  );
}

function survivalParts(run: RunView, prediction: Prediction, changed: Prediction | undefined): Element[] {
  const { survival } = prediction;
  if (!survival) return [];
  return [
    survivalPlot(survival, changed?.survival, run),
    el(
      'ul',
      { class: 'legend' },
      el('li', { class: 'patient' }, 'this patient, predicted'),
      ...(changed ? [el('li', { class: 'changed' }, 'after your change')] : []),
      ...run.groups.map(({ name, patients, deaths }) =>
        el(
          'li',
          { class: name },
          `${RISK_GROUP_WORDS[name]}: ${count(patients, 'tested patient')}, ${count(deaths, 'death')}`,
        ),
      ),
    ),
    el(
      'table',
      { class: 'figures', id: 'survival-figures' },
      el('caption', {}, 'Predicted survival'),
      changed
        ? el(
            'thead',
            {},
            el('tr', {}, el('td'), el('th', { scope: 'col' }, 'now'), el('th', { scope: 'col' }, 'changed')),
          )
        : undefined,
      rowsOf(predictionRows(prediction), changed && predictionRows(changed)),
    ),
  ];
}

/** What the prediction of the patient's own files is worth, in the words of the command line; of a changed one nothing is known. */
function confidenceTable(prediction: Prediction, changed: boolean): Element {
  return el(
    'table',
    { class: 'figures', id: 'confidence' },
    el('caption', {}, changed ? 'How far to trust it, without your change' : 'How far to trust it'),
    el(
      'tbody',
      {},
      ...confidenceRows(prediction).map(({ name, text }) =>
        el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, text)),
      ),
    ),
  );
}

function rowsOf(rows: readonly ShownRow[], after: readonly ShownRow[] | undefined): Element {
  return el(
    'tbody',
    {},
    ...rows.map((row, i) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, row.name),
        el('td', {}, shown(row)),
        after?.[i] ? el('td', {}, shown(after[i])) : undefined,
      ),
    ),
  );
}

const shown = ({ value, text }: ShownRow): string | Node =>
  value === undefined ? text : figure(value, text.replace('-', '−'));

function probabilityBars(prediction: Prediction, changed: Prediction | undefined): Element {
  const after = changed && predictionRows(changed);
  return bars(
    'Probabilities',
    predictionRows(prediction).map((row, c) => ({
      label: row.name,
      length: row.value ?? 0,
      value: [shown(row), ...(after?.[c] ? [' → ', shown(after[c])] : [])],
      ...(row.most ? { kind: 'predicted' } : {}),
    })),
  );
}
