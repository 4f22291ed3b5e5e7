import type { ClassResult, ConfidenceResult, SetResult } from '../evaluation/confidence/apply.js';
import { html, table, type Html } from './html.js';
import type { ReportedMetric } from './types.js';
import { count, decimal } from './words.js';

/** How sure the model may be of single patients: calibrated probabilities, sets of classes, thresholds, and who is unlike the training patients. */
export function confidenceSection(confidence: ConfidenceResult | undefined): Html | undefined {
  if (!confidence) return undefined;
  const { classes, unlikeTraining } = confidence;
  return html`${classes ? classConfidence(classes) : undefined} ${unlikeWords(unlikeTraining)}`;
}

function unlikeWords({ genes, features }: ConfidenceResult['unlikeTraining']): Html | undefined {
  const words = [
    ...(genes ? [`the genes of ${genes.flagged} of ${count(genes.patients, 'patient')}`] : []),
    ...(features ? [`the patch features of ${features.flagged} of ${count(features.patients, 'patient')}`] : []),
  ];
  return words.length === 0
    ? undefined
    : html`<p>
        Out of the range of the training patients were ${words.join(' and ')}. Predictions for such patients are
        extrapolations.
      </p>`;
}

function classConfidence({ temperature, fittedOn, before, after, operatingPoints, sets }: ClassResult): Html {
  const quality = (['calibrationError', 'logLoss', 'brier'] as const).map((score) => [
    QUALITY[score],
    value(before[score]),
    value(after[score]),
  ]);
  const points = operatingPoints.map(({ class: name, rule, threshold, sensitivity, specificity }) => [
    name,
    RULES[rule],
    value(threshold),
    value(sensitivity),
    value(specificity),
  ]);
  const fitted =
    temperature.value === null
      ? `No temperature was fitted: ${temperature.reason}.`
      : `A temperature of ${decimal(temperature.value)} was fitted on ${count(fittedOn, 'validation patient')}.`;
  return html`<p>${fitted}</p>
    ${table('Probabilities before and after the temperature (0 is best)', ['Score', 'Before', 'After'], quality)}
    ${points.length === 0 ? undefined : table('Thresholds fixed on the validation patients, on the test patients', ['Class', 'Rule', 'Threshold', 'Sensitivity', 'Specificity'], points)}
    ${sets ? setsTable(sets) : html`<p>No patients were set aside for prediction sets (<code>split.conformal</code>), so there are none.</p>`}`;
}

const QUALITY = { calibrationError: 'Expected calibration error', logLoss: 'Log loss', brier: 'Brier score' } as const;
const RULES = { youden: 'largest sensitivity + specificity', sensitive: 'sensitivity of 90\u00a0%' } as const;

/** Sets of classes that hold the true one with a stated probability. */
function setsTable({ nominal, calibrators, marginal, byClass }: SetResult): Html {
  const percent = (x: number) => `${decimal(100 * x, 0)}\u00a0%`;
  const range = (expected: { low: number; high: number } | null) =>
    expected ? `${percent(expected.low)} to ${percent(expected.high)}` : '–';
  const covered = (coverage: ReportedMetric) => (coverage.value === null ? '–' : percent(coverage.value));
  const rows = [
    ['One threshold for all', calibrators, covered(marginal.coverage), range(marginal.expected)],
    ...byClass.classes.map((one) => [
      one.class,
      one.calibrators,
      one.refused === undefined
        ? covered(one.coverage)
        : html`<span class="refused">in every set: ${one.refused}</span>`,
      range(one.expected),
    ]),
  ];
  return html`<p>
      A prediction set holds the classes that are not ruled out, the true one in ${percent(nominal)} of patients. Sets
      have ${decimal(marginal.meanSize, 1)} classes on average with one threshold for all,
      ${decimal(byClass.meanSize, 1)} with one a class.
    </p>
    ${table('Prediction sets on the test patients', ['Threshold', 'Patients that set it', 'True class in the set', 'To expect by chance (95\u00a0%)'], rows)}`;
}

const value = (metric: ReportedMetric | undefined) =>
  metric?.value === undefined || metric.value === null ? '–' : decimal(metric.value, 3);
