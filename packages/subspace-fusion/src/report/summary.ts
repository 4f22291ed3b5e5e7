import { html, table, type Html } from './html.js';
import type { ReportedMetric, ReportRun } from './types.js';
import {
  baselineName, count, decimal, INTERVAL_95, interval, mainMetric, metricName, withInterval, withoutFolders, type MainMetric,
} from './words.js';

/** What came out, in sentences: the main metric with its interval, what it means, and simpler models beside it. */
export function summary(run: ReportRun): Html {
  const main = mainMetric(run.result.metrics);
  if (main === undefined) return html`<p>The result holds neither a C-index nor a macro AUC.</p>`;
  const { name, metric } = main;
  const { term, meaning } = MEANING[name];
  if (metric.value === null) {
    return html`<p class="lead">On ${population(run)} the ${term} cannot be given: ${withoutFolders(metric.reason)}.</p>`;
  }
  const cases = `${meaning} in ${Math.round(100 * metric.value)} of 100 cases; guessing gives 50.`;
  return html`<p class="lead">On ${population(run)} the model reaches a ${term} of <strong>${withInterval(metric)}</strong>.</p>
<p>${cases} ${besideChance(metric)}</p>
${besideBaselines(run, name)}`;
}

const MEANING: Readonly<Record<MainMetric, { term: string; meaning: string }>> = {
  concordanceIndex: {
    term: 'C-index',
    meaning: 'Where it is known which of two patients died first, that patient had the higher predicted risk',
  },
  macroAuc: {
    term: 'macro AUC',
    meaning: 'Of two patients, one of a class and one of another, the first got the higher probability of that class',
  },
};

/** "61 test patients (22 deaths)". */
function population({ result, predictions }: ReportRun): string {
  const patients = count(result.patients, `${result.split} patient`);
  if (predictions.kind === 'classification') return `${patients} of ${predictions.classes.length} classes`;
  return `${patients} (${count(predictions.rows.filter((row) => row.event).length, 'death')})`;
}

/** Says so where the interval does not tell the metric from guessing. */
function besideChance(metric: ReportedMetric & { value: number }): string {
  if (metric.low === undefined || metric.high === undefined) return 'Without an interval, chance cannot be ruled out.';
  if (metric.low > 0.5) return '';
  return metric.high < 0.5
    ? 'The interval lies below 0.5: the order is wrong more often than right.'
    : 'The interval includes 0.5: these patients do not show that the model does better than guessing.';
}

function besideBaselines({ result }: ReportRun, name: MainMetric): Html | undefined {
  const baselines = Object.entries(result.baselines ?? {});
  if (baselines.length === 0) return undefined;
  const row = (label: string, metric: ReportedMetric = { value: null, reason: 'not computed' }) =>
    metric.value === null ? [label, refusal(metric.reason), '–'] : [label, decimal(metric.value), interval(metric)];
  return table(`${metricName(name)} on the same ${result.split} patients`, ['Model', metricName(name), INTERVAL_95], [
    row('This model', result.metrics[name]),
    ...baselines.map(([baseline, metrics]) => row(baselineName(baseline), metrics[name])),
  ]);
}

/** Every metric with its interval, a refused one with its reason; below it how each is computed. */
export function metricsTable({ result, predictions }: ReportRun): Html {
  const metrics = Object.entries(result.metrics);
  const columns = ['Metric', 'Value', INTERVAL_95, 'Patients', ...(predictions.kind === 'survival' ? ['Deaths'] : [])];
  const rows = metrics.map(([name, metric]) => {
    const cells =
      metric.value === null
        ? [refusal(metric.reason), '–', '–', '–']
        : [decimal(metric.value, 3), intervalOrReason(metric), metric.n ?? '–', metric.events ?? '–'];
    return [metricName(name), ...cells].slice(0, columns.length);
  });
  return html`${table(`Metrics on the ${result.split} patients`, columns, rows)}
<details><summary>How each metric is computed</summary><ul>${metrics.map(([name, metric]) => provenance(name, metric))}</ul></details>`;
}

function refusal(reason: string): Html {
  return html`<span class="refused">refused: ${withoutFolders(reason)}</span>`;
}

function intervalOrReason(metric: ReportedMetric & { value: number }): string | Html {
  return metric.noInterval === undefined ? interval(metric) : html`<span class="refused">none: ${withoutFolders(metric.noInterval)}</span>`;
}

function provenance(name: string, metric: ReportedMetric): Html | undefined {
  if (metric.value === null) return undefined;
  const pairs = metric.comparablePairs === undefined ? undefined : count(metric.comparablePairs, 'comparable pair');
  const facts = [metric.estimator, metric.ties, pairs, metric.note].filter((fact) => fact !== undefined);
  return facts.length === 0 ? undefined : html`<li>${metricName(name)}: ${withoutFolders(facts.join('; '))}.</li>`;
}
