import type { PatientView, PredictionView, RunView } from '../engine/views.js';
import type { Time } from '../engine/words.js';
import { bars } from './bars.js';
import { el, figure, fill } from './dom.js';
import { survivalPlot } from './survival-plot.js';
import { change, count, headline, percent, plain } from './words.js';

/** Shows a patient's prediction, beside what becomes of it when something is changed. */
export function showPrediction(
  section: HTMLElement,
  run: RunView,
  { patient, prediction, warnings, seconds }: PatientView,
  changed?: PredictionView,
): void {
  fill(
    section,
    el('h2', { id: 'prediction-title' }, `Prediction for ${patient}`),
    el('p', { class: 'headline', id: 'headline' }, headline(prediction, run)),
    warnings.length > 0
      ? el('ul', { class: 'warnings', 'aria-label': 'Warnings' }, ...warnings.map((warning) => el('li', {}, warning)))
      : undefined,
    ...(prediction.kind === 'survival'
      ? survivalParts(run, prediction, changed)
      : [probabilityBars(prediction, changed)]),
    el('p', { class: 'quiet' }, confidence(run, prediction)),
    changed ? el('p', { class: 'change', role: 'status' }, change(prediction, changed)) : undefined,
    el('p', { class: 'quiet' }, `Task: ${run.task}. Read and predicted in ${seconds.toFixed(1)} s.`),
  );
}

type Survival = Extract<PredictionView, { kind: 'survival' }>;

function survivalParts(run: RunView, prediction: Survival, changed: PredictionView | undefined): Element[] {
  const after = changed?.kind === 'survival' ? changed : undefined;
  const probability = (alive: Time) => (typeof alive === 'number' ? figure(alive, alive.toFixed(3)) : alive);
  const median = (time: Time) => (typeof time === 'number' ? figure(time, `${time.toFixed(1)} ${run.timeUnit}`) : time);
  return [
    survivalPlot(prediction, after, run),
    el(
      'ul',
      { class: 'legend' },
      el('li', { class: 'patient' }, 'this patient, predicted'),
      ...(after ? [el('li', { class: 'changed' }, 'after your change')] : []),
      ...run.groups.map(({ name, patients, deaths }) =>
        el('li', { class: name }, `${name} risk: ${count(patients, 'tested patient')}, ${count(deaths, 'death')}`),
      ),
    ),
    el(
      'table',
      { class: 'figures', id: 'survival-figures' },
      el('caption', {}, 'Predicted survival'),
      after
        ? el(
            'thead',
            {},
            el('tr', {}, el('td'), el('th', { scope: 'col' }, 'now'), el('th', { scope: 'col' }, 'changed')),
          )
        : undefined,
      el(
        'tbody',
        {},
        ...prediction.years.map(({ years, alive }, i) =>
          row(`alive after ${count(years, 'year')}`, probability(alive), after && probability(after.years[i].alive)),
        ),
        row('median survival', median(prediction.median), after && median(after.median)),
        row(
          'risk (higher is worse)',
          figure(prediction.risk, plain(prediction.risk, 3)),
          after && figure(after.risk, plain(after.risk, 3)),
        ),
      ),
    ),
  ];
}

const row = (name: string, value: string | Node, after: string | Node | undefined) =>
  el(
    'tr',
    {},
    el('th', { scope: 'row' }, name),
    el('td', {}, value),
    after === undefined ? undefined : el('td', {}, after),
  );

function probabilityBars(
  prediction: Extract<PredictionView, { kind: 'classes' }>,
  changed: PredictionView | undefined,
): Element {
  const after = changed?.kind === 'classes' ? changed.probabilities : undefined;
  return bars(
    'Probabilities',
    prediction.probabilities.map(({ name, probability }, c) => ({
      label: name,
      length: probability,
      value: [
        figure(probability, probability.toFixed(3)),
        ...(after ? [' → ', figure(after[c].probability, after[c].probability.toFixed(3))] : []),
      ],
      kind: name === prediction.predicted ? 'predicted' : undefined,
    })),
  );
}

/** What the tested patients say of a prediction like this. */
function confidence({ tested, riskCut, groups }: RunView, prediction: PredictionView): string {
  if (prediction.kind === 'survival') {
    if (tested.risks.length === 0) return 'The run has no tested patients to compare with.';
    const below = tested.risks.filter((risk) => risk < prediction.risk).length;
    const group =
      riskCut === undefined || groups.length === 0
        ? ''
        : `, in the ${prediction.risk > riskCut ? 'high' : 'low'}-risk group`;
    return `The risk is higher than that of ${below} of ${tested.risks.length} tested patients${group}.`;
  }
  const sure = Math.max(...prediction.probabilities.map(({ probability }) => probability));
  const alike = tested.classes.filter((p) => Math.abs(p.sure - sure) <= 0.1);
  if (alike.length === 0)
    return 'No tested patient was predicted with a probability like this one, so nothing is known of how often it is right.';
  const right = alike.filter((p) => p.right).length;
  return `Of ${count(alike.length, 'tested patient')} who were predicted about as surely (${percent(sure)} ± 10), ${right} ${right === 1 ? 'was' : 'were'} predicted right.`;
}
