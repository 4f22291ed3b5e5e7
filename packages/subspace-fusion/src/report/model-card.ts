import { capital, metricName, metricTitle, number } from '../words/comparison.js';
import { intendedUse, LIMITS } from './sections.js';
import { summaryWords } from './summary.js';
import type { ReportedMetric, ReportInput, ReportRun } from './types.js';
import { withoutMachine } from './withheld.js';
import { interval, mainMetric, modelWords, namesIn } from './words.js';

/** A model card (Mitchell et al. 2019) of the runs, in Markdown. What only the user can know is marked. */
export function renderModelCard(given: ReportInput): string {
  const input = withoutMachine(given);
  return (
    [
      `# Model card: ${plain(input.title)}`,
      '**Research software. Not a medical device.** Nothing here may guide the care of a patient.',
      ...(input.description === undefined ? [] : [plain(input.description)]),
      ...input.runs.flatMap(runCard),
      '## Intended use',
      list(intendedUse(input.runs)),
      '## Limits',
      list(LIMITS),
      '## For you to fill in',
      list([
        'Where the patients come from, ethical approval and consent',
        'Performance in groups that matter where you are',
        'Who keeps the model, and whom to ask',
        'Licence of the weights and of the data',
      ]),
      '## Versions',
      list(Object.entries(input.versions).map(([name, version]) => `${name} ${version}`)),
    ].join('\n\n') + '\n'
  );
}

function runCard(run: ReportRun): string[] {
  const { task, result, patients, commands } = run;
  const main = mainMetric(result.metrics);
  const named = namesIn(run);
  const models = main
    ? [
        ['This model', result.metrics] as const,
        ...Object.entries(result.baselines ?? {}).map(([name, metrics]) => [capital(named(name)), metrics] as const),
      ]
    : [];
  return [
    `## ${capital(task)}`,
    plain(modelWords(run)),
    plain(summaryWords(run).join(' ')),
    ...(main
      ? [
          table(
            ['Model', capital(metricName(main.name)), '95 % interval'],
            models.map(([name, metrics]) => [name, ...cells(metrics[main.name])]),
          ),
        ]
      : []),
    table(
      ['Metric', 'Value', '95 % interval'],
      Object.entries(result.metrics).map(([name, metric]) => [capital(metricTitle(name)), ...cells(metric)]),
    ),
    '### Patients',
    'reason' in patients
      ? `The cohort cannot be read where this card was made: ${plain(patients.reason)}`
      : table(
          ['', ...patients.parts],
          patients.rows.map(({ name, cells }) => [name, ...cells]),
        ),
    '### To reproduce',
    `\`\`\`\n${commands.join('\n')}\n\`\`\`\n\nThe configuration is in the report.`,
  ];
}

function cells(metric: ReportedMetric | undefined): string[] {
  if (!metric) return ['not computed', '–'];
  return metric.value === null ? [`refused: ${metric.reason}`, '–'] : [number(metric.value), interval(metric)];
}

/** Text that Markdown and the HTML in it leave as it is. */
function plain(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_`[\]|]/g, '\\$&')
    .replace(/\s+/g, ' ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map((row) => line(row.map(plain)))].join('\n');
}

const list = (items: readonly string[]) => items.map((item) => `- ${plain(item)}`).join('\n');
