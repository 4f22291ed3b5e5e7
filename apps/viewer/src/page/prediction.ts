import { confidenceRows, count, predictionRows, RISK_GROUP_WORDS, type Row } from 'subspace-fusion/browser';
import type { PatientView, Prediction, RunView } from '../engine/views.js';
import { bars } from './bars.js';
import { el, figure, fill } from './dom.js';
import { survivalPlot } from './survival-plot.js';
import { change, headline } from './words.js';

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

function rowsOf(rows: readonly Row[], after: readonly Row[] | undefined): Element {
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

const shown = ({ value, text }: Row): string | Node =>
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
