import { reportTables } from '../comparison/tables/build.js';
import type { ClassResult, ConfidenceResult, SetResult } from '../runs/confidence.js';
import { capital, foldsInWords, VERDICTS_MEAN } from '../words/comparison.js';
import { comparisonFigures, plainTable } from './comparison-page.js';
import { html, table, type Html } from './html.js';
import type { ReportedMetric, ReportRun } from './types.js';
import { count, decimal, listed } from './words.js';

/** For whom and what the models are, one sentence each: from what they read, for what they predict. */
export function intendedUse(runs: readonly Pick<ReportRun, 'task' | 'model'>[]): string[] {
  const [slides, genes] = [runs.some(({ model }) => model.reads.bag), runs.some(({ model }) => model.reads.genes)];
  const tell =
    slides && genes
      ? 'histology and gene expression together tell'
      : `${slides ? 'histology' : 'gene expression'} tells`;
  const quality = [...(slides ? ['slide in focus, tumour on it'] : []), ...(genes ? ['RNA intact'] : [])].join(', ');
  const tasks = listed([...new Set(runs.map(({ task }) => task))]);
  return [
    `Research on how ${tell} ${tasks} of adult diffuse glioma.`,
    `Users: researchers who know the cohort and can read intervals and calibration. Whether the input is good (${quality}) is for them to judge.`,
    'Not for diagnosis, prognosis or treatment of a patient: it is not a medical device, and nobody tested it as one.',
  ];
}

export const LIMITS: readonly string[] = [
  'The numbers hold for the patients of this report. Other hospitals, scanners, stains, laboratories and treatments may change them.',
  'Intervals are 95 % bootstrap intervals over these patients. They do not cover the chance in training or in the choice of the split.',
  'Patients without slides, expression or outcome were left out. Where that did not happen by chance, the numbers hold for those who stayed.',
  'An association of a gene or a region with an outcome is not a cause.',
  'A predicted survival curve says nothing after its last time cut.',
  'Input of another encoder or another expression unit than in training gives numbers that mean nothing; the program refuses what it can tell.',
];

/** How sure the model may be of single patients: calibrated probabilities, sets of classes, thresholds, and who is unlike the training patients. */
export function confidenceSection(confidence: ConfidenceResult | undefined): Html | undefined {
  if (!confidence) return undefined;
  const { classes, unlikeTraining } = confidence;
  return html`${classes ? classConfidence(classes) : undefined}
${unlikeWords(unlikeTraining)}`;
}

function unlikeWords({ genes, features }: ConfidenceResult['unlikeTraining']): Html | undefined {
  const words = [
    ...(genes ? [`the genes of ${genes.flagged} of ${count(genes.patients, 'patient')}`] : []),
    ...(features ? [`the patch features of ${features.flagged} of ${count(features.patients, 'patient')}`] : []),
  ];
  return words.length === 0
    ? undefined
    : html`<p>Out of the range of the training patients were ${words.join(' and ')}. Predictions for such patients are extrapolations.</p>`;
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
  return html`<p>A prediction set holds the classes that are not ruled out, the true one in ${percent(nominal)} of patients. Sets have ${decimal(marginal.meanSize, 1)} classes on average with one
threshold for all, ${decimal(byClass.meanSize, 1)} with one a class.</p>
${table('Prediction sets on the test patients', ['Threshold', 'Patients that set it', 'True class in the set', 'To expect by chance (95\u00a0%)'], rows)}`;
}

const value = (metric: ReportedMetric | undefined) =>
  metric?.value === undefined || metric.value === null ? '–' : decimal(metric.value, 3);

/** The model beside others on the same folds: what its page of comparison shows, without links to runs. */
export function comparisonSection({ comparison }: Pick<ReportRun, 'comparison'>): Html | undefined {
  if (!comparison) return undefined;
  const { folds, seeds, bootstrap } = comparison;
  const failures = folds.flatMap(({ runs }) =>
    runs.flatMap(({ folder, failure }) => (failure === undefined ? [] : [`${folder}: ${failure}`])),
  );
  return html`<p>Each patient was tested by a model that had not seen them: ${foldsInWords(folds)}, ${seeds.length === 1 ? 'one training' : `${seeds.length} trainings with other seeds`} a fold.
Numbers are means over seeds, then folds; predictions of different folds are never pooled into one metric. Intervals: 95 % percentile bootstrap of ${bootstrap.units}.
${VERDICTS_MEAN}</p>
${failures.map((failure) => html`<p class="missing">Failed and left out: ${failure}</p>`)}
${comparisonFigures(comparison)}
${reportTables(comparison).map((one) => (typeof one === 'string' ? html`<p>${capital(one)}.</p>` : plainTable(one)))}`;
}

/** Who the patients are, and how many were left out for what. */
export function patientsSection({ patients, task, comparison }: ReportRun): Html {
  if ('reason' in patients) {
    return html`<p class="missing">The cohort cannot be read where the report was made, so age, sex, grade, diagnosis and outcome of the patients are to be
filled in: ${patients.reason}</p>`;
  }
  const { parts, overlap, rows, flow, endpoint } = patients;
  const endpointWords =
    endpoint === undefined ? undefined : html`<p>The endpoint is ${endpoint.name}, ${endpoint.rule}.</p>`;
  return html`${endpointWords}
${table(
  'Patients of each part',
  ['Characteristic', ...parts],
  rows.map(({ name, cells }) => [name, ...cells]),
)}
${table(
  'From the clinical table to the parts',
  ['Step', 'Patients'],
  flow.map((step) => [step.step, step.patients]),
)}
<p>${task === 'survival' ? 'Follow-up: median of the reverse Kaplan-Meier estimate, in which deaths end the observation. ' : ''}Percentages are of the patients of the part.
${disjointWords(comparison !== undefined, overlap)}</p>`;
}

/** What is divided from what. */
function disjointWords(folds: boolean, overlap: boolean): string {
  if (!folds) return 'Parts share no patient, and all slides of a patient are in one part.';
  const shared = overlap
    ? 'Some patients are tested in several folds; everybody is counted once among all tested, and shown elsewhere as the first of those folds predicts.'
    : 'These folds share no test patient.';
  return `${shared} Within a fold training, validation and test share no patient, and all slides of a patient are in one part.`;
}
