import { html, table, type Html } from './html.js';
import type { CrossvalDetail, ReportedMetric, ReportRun } from './types.js';
import { baselineName, comparedWords, decimal, INTERVAL_95, interval, metricName, type MainMetric } from './words.js';

/** Every model in every fold, the paired differences, and the metric in subgroups. */
export function crossvalSection({ result, crossval }: ReportRun, name: MainMetric): Html | undefined {
  if (!crossval) return undefined;
  const { folds, subgroups, seeds, intervals, notes, failures, worst } = crossval;
  const value = (metric: ReportedMetric | undefined) =>
    metric?.value === undefined || metric.value === null ? '–' : decimal(metric.value, 3);
  const byFold = [
    ['This model', ...folds.map((fold) => value(fold.metrics[name])), value(result.metrics[name])],
    ...Object.entries(result.baselines ?? {}).map(([other, total]) => [
      baselineName(other),
      ...folds.map((fold) => value(fold.baselines[other]?.[name])),
      value(total[name]),
    ]),
  ];
  const ofGroups = subgroups.map(({ group, patients, metric }) => [
    group,
    patients,
    metric.value === null ? refusal(metric.reason) : decimal(metric.value, 3),
    interval(metric),
  ]);
  return html`<p>
      Each patient was tested by a model that had not seen them: ${folds.length} folds,
      ${seeds.length === 1 ? 'one training' : `${seeds.length} trainings with other seeds`} a fold. Numbers are means
      over seeds, then folds; predictions of different folds are never pooled into one metric. Intervals: ${intervals}.
    </p>
    ${notes.map((note) => html`<p>${note}.</p>`)}
    ${failures.map((failure) => html`<p class="missing">Failed and left out: ${failure}</p>`)}
    ${differencesTable(crossval)}
    ${table(`${metricName(name)} by fold`, ['Model', ...folds.map(({ fold }) => `Fold ${fold}`), 'Mean'], byFold)}
    ${ofGroups.length === 0 ? undefined : table(`${metricName(name)} of this model in parts of the patients`, ['Patients who are', 'Number', metricName(name), INTERVAL_95], ofGroups)}
    ${
      worst.length === 0
        ? undefined
        : table(
            'Patients whom the model got most wrong',
            ['Patient', 'What'],
            worst.map(({ patient, what }) => [patient, html`<span class="wrap">${what}</span>`]),
          )
    }`;
}

function differencesTable({ differences, network }: CrossvalDetail): Html | undefined {
  const rows = Object.entries(differences).map(([name, difference]) => {
    const other = baselineName(name.slice(`${network} - `.length));
    if (difference.value === null) return [other, refusal(difference.reason), '–', '–', '–'];
    const { value, low, high, adjustedP } = difference;
    return [
      other,
      signed(value),
      low === undefined || high === undefined ? '–' : `${signed(low)} to ${signed(high)}`,
      adjustedP === undefined ? '–' : pValue(adjustedP),
      comparedWords(difference),
    ];
  });
  if (rows.length === 0) return undefined;
  return table(
    'This model minus each other, on the same patients',
    ['Other model', 'Difference', INTERVAL_95, 'p, adjusted', 'In words'],
    rows,
  );
}

const signed = (x: number) => `${x >= 0 ? '+' : ''}${decimal(x, 3)}`;
const pValue = (p: number) => (p < 0.001 ? '< 0.001' : decimal(p, 3));

function refusal(reason: string): Html {
  return html`<span class="refused">refused: ${reason}</span>`;
}
