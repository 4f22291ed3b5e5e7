import { differenceTo } from '../comparison/scopes.js';
import { CHOSEN_ON_THESE } from '../evaluation/score.js';
import { capital, foldsInWords, metricName, metricTitle, number, verdictWord } from '../words/comparison.js';
import { html, table, type Html } from './html.js';
import type { ReportedMetric, ReportRun, RunResult } from './types.js';
import {
  count,
  interval,
  INTERVAL_95,
  mainMetric,
  modelWords,
  namesIn,
  withInterval,
  type MainMetric,
} from './words.js';

/** What came out, in plain words: what was predicted for whom, how well, compared with what, how sure. */
export function summary(run: ReportRun): Html {
  const [lead, ...others] = summaryWords(run);
  const main = mainMetric(run.result.metrics);
  return html`<p>${modelWords(run)}</p>
<p class="lead">${lead}</p>
${others.map((sentence) => html`<p>${sentence}</p>`)}
${main && main.metric.value !== null ? besideBaselines(run, main.name) : undefined}`;
}

/** The summary in sentences; the first says it all. */
export function summaryWords(run: ReportRun): string[] {
  const main = mainMetric(run.result.metrics);
  if (main === undefined) return ['The result holds neither a C-index nor a macro AUC.'];
  const { name, metric } = main;
  const term = metricName(name);
  if (metric.value === null) return [`On ${population(run)} the ${term} cannot be given: ${metric.reason}.`];
  const cases = `${MEANING[name]} in ${Math.round(100 * metric.value)} of 100 cases; guessing gives 50.`;
  return [
    `On ${population(run)} the model reaches a ${term} of ${withInterval(metric)}${caution(run.result)}.`,
    [cases, besideChance(metric), howSure(metric)].filter((words) => words !== '').join(' '),
    ...comparedWithSimpler(run, name, metric.value),
  ];
}

/** The simpler models beside it, and whether a difference is more than chance. */
function comparedWithSimpler({ result, comparison }: ReportRun, name: MainMetric, value: number): string[] {
  const trained = new Set(comparison?.folds.flatMap(({ runs }) => runs.map(({ model }) => model)));
  const others = Object.entries(result.baselines ?? {}).flatMap(([baseline, metrics]) => {
    const isSimple = !trained.has(baseline) && !baseline.includes(' + ');
    const known = isSimple && name in metrics ? metrics[name].value : null;
    return known === null ? [] : [{ baseline, value: known }];
  });
  if (others.length === 0) return ['There is no simpler model to compare it with.'];
  const best = others.reduce((a, b) => (b.value > a.value ? b : a));
  const bestName = namesIn({ comparison })(best.baseline);
  const reaches =
    others.length === 1
      ? `The simpler model (${bestName}) reaches ${number(best.value)} on the same patients`
      : `The best of ${others.length} simpler models (${bestName}), chosen on these patients, reaches ${number(best.value)} on them`;
  const untested = `${reaches}, ${beside(best.value - value)} this model.`;
  const difference = comparison && differenceTo(comparison.differences, comparison.model, best.baseline);
  if (difference === undefined)
    return [
      `${untested} One split does not tell whether that is more than chance; a cross-validation tests the difference.`,
    ];
  if (difference.value === null || difference.low === undefined || difference.high === undefined)
    return [`${untested} The difference was not tested.`];
  const { value: by, low, high } = difference;
  return [
    `${reaches}. The difference is ${number(by, true)} (${INTERVAL_95} ${number(low, true)} to ${number(high, true)}): ${verdictWord(difference)}.`,
  ];
}

/** "0.015 more than": by how much a value lies beside that of the model, as far as three decimals show it. */
function beside(by: number): string {
  const shown = number(Math.abs(by));
  return shown === number(0)
    ? 'no more and no less, to three decimals, than'
    : `${shown} ${by > 0 ? 'more' : 'less'} than`;
}

/** What the width of the interval means. */
function howSure({ low, high }: ReportedMetric & { value: number }): string {
  if (low === undefined || high === undefined) return '';
  const width =
    high - low > 0.2
      ? 'wide: these are too few patients for a sure answer'
      : high - low > 0.1
        ? 'fairly wide'
        : 'narrow';
  return `The interval is ${width}; it covers the choice of the test patients, not that of the training patients.`;
}

const MEANING: Readonly<Record<MainMetric, string>> = {
  concordanceIndex: 'Where it is known which of two patients died first, that patient had the higher predicted risk',
  macroAuc: 'Of two patients, one of a class and one of another, the first got the higher probability of that class',
};

/** "61 test patients (22 deaths)"; everybody counts once, however many folds test them. */
function population({ result, predictions, comparison }: ReportRun): string {
  const patients = count(result.patients, comparison ? 'patient' : `${result.split} patient`);
  const what =
    predictions.kind === 'classification'
      ? ` of ${predictions.classes.length} classes`
      : ` (${count(predictions.rows.filter((row) => row.event).length, 'death')})`;
  if (!comparison) return `${patients}${what}`;
  return `${patients}${what}, each tested by models that had not seen them in ${foldsInWords(comparison.folds)},`;
}

/** Stands with every figure of patients that the model was fitted to or chosen on. */
const caution = ({ chosenOnThese }: RunResult) => (chosenOnThese ? `. CAUTION: ${CHOSEN_ON_THESE}` : '');

/** Says so where the interval does not tell the metric from guessing. */
function besideChance(metric: ReportedMetric & { value: number }): string {
  if (metric.low === undefined || metric.high === undefined) return 'Without an interval, chance cannot be ruled out.';
  if (metric.low > 0.5) return '';
  return metric.high < 0.5
    ? 'The interval lies below 0.5: the order is wrong more often than right.'
    : 'The interval includes 0.5: these patients do not show that the model does better than guessing.';
}

function besideBaselines({ result, comparison }: ReportRun, name: MainMetric): Html | undefined {
  const baselines = Object.entries(result.baselines ?? {});
  if (baselines.length === 0) return undefined;
  const named = namesIn({ comparison });
  const row = (label: string, metric: ReportedMetric = { value: null, reason: 'not computed' }) =>
    metric.value === null ? [label, refusal(metric.reason), '–'] : [label, number(metric.value), interval(metric)];
  return table(
    `${capital(metricName(name))} on the same ${result.split} patients${caution(result)}`,
    ['Model', capital(metricName(name)), INTERVAL_95],
    [
      row('This model', result.metrics[name]),
      ...baselines.map(([baseline, metrics]) => row(capital(named(baseline)), metrics[name])),
    ],
  );
}

/** Every metric with its interval, a refused one with its reason; below it how each is computed. */
export function metricsTable({ result, predictions }: ReportRun): Html {
  const metrics = Object.entries(result.metrics);
  const columns = ['Metric', 'Value', INTERVAL_95, 'Patients', ...(predictions.kind === 'survival' ? ['Deaths'] : [])];
  const rows = metrics.map(([name, metric]) => {
    const cells =
      metric.value === null
        ? [refusal(metric.reason), '–', '–', '–']
        : [number(metric.value), intervalOrReason(metric), metric.n ?? '–', metric.events ?? '–'];
    return [capital(metricTitle(name)), ...cells].slice(0, columns.length);
  });
  return html`${table(`Metrics on the ${result.split} patients${caution(result)}`, columns, rows)}
<details><summary>How each metric is computed</summary><ul>${metrics.map(([name, metric]) => provenance(name, metric))}</ul></details>`;
}

function refusal(reason: string): Html {
  return html`<span class="refused">refused: ${reason}</span>`;
}

function intervalOrReason(metric: ReportedMetric & { value: number }): string | Html {
  return metric.noInterval === undefined
    ? interval(metric)
    : html`<span class="refused">none: ${metric.noInterval}</span>`;
}

function provenance(name: string, metric: ReportedMetric): Html | undefined {
  if (metric.value === null) return undefined;
  const pairs = metric.comparablePairs === undefined ? undefined : count(metric.comparablePairs, 'comparable pair');
  const facts = [metric.estimator, metric.ties, pairs, metric.note].filter((fact) => fact !== undefined);
  return facts.length === 0 ? undefined : html`<li>${capital(metricName(name))}: ${facts.join('; ')}.</li>`;
}
