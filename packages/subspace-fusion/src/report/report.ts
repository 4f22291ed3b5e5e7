import { stringify } from 'yaml';
import { confusionTable, rocFigure } from './class-figures.js';
import { html, markup, table, type Html } from './html.js';
import { STYLE } from './style.js';
import { metricsTable, summary } from './summary.js';
import { survivalFigure } from './survival-figure.js';
import { trainingFigures } from './training-figures.js';
import type { ReportInput, ReportRun } from './types.js';
import { decimal, INTERVAL_95, interval, mainMetric, metricName, withoutFolders } from './words.js';

/**
 * The report of one or more runs: one HTML page that carries its style and its figures (SVG), asks nothing of a network and
 * needs no script. Text of the input is escaped; absolute paths lose their folders.
 */
export function renderReport(input: ReportInput): string {
  const several = input.runs.length > 1;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${input.title}</title>
<style>${markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${input.title}</h1>
<p class="warning" role="note"><strong>Research software. Not a medical device.</strong> Nothing here may guide the care of a patient.</p>
${input.description === undefined ? undefined : html`<p>${input.description}</p>`}
${several ? overview(input.runs) : undefined}
</header>
<main>
${input.runs.map(runSection)}
</main>
<footer>
${limits()}
${table('Versions', ['Program', 'Version'], Object.entries(input.versions))}
</footer>
</body>
</html>
`.html;
}

const anchor = (index: number) => `run-${index + 1}`;

/** The main metric of each run, with a link to its section. */
function overview(runs: readonly ReportRun[]): Html {
  const rows = runs.map(({ task, result }, i) => {
    const main = mainMetric(result.metrics);
    const link = html`<a href="#${anchor(i)}">${taskTitle(task)}</a>`;
    if (main === undefined) return [link, '–', '–', '–', result.patients];
    const value = main.metric.value === null ? 'refused' : decimal(main.metric.value);
    return [link, metricName(main.name), value, interval(main.metric), result.patients];
  });
  return table('Runs in this report', ['Task', 'Metric', 'Value', INTERVAL_95, 'Patients'], rows);
}

const taskTitle = (task: string) => task.charAt(0).toUpperCase() + task.slice(1);

function runSection(run: ReportRun, index: number): Html {
  const { task, predictions, config } = run;
  return html`<section id="${anchor(index)}">
<h2>${taskTitle(task)}</h2>
${summary(run)}
${outcomeFigures(predictions)}
<h3>All metrics</h3>
${metricsTable(run)}
<h3>Training</h3>
${trainingFigures(run)}
<h3>Configuration</h3>
<pre>${stringify(presentable(config))}</pre>
</section>
`;
}

function outcomeFigures(predictions: ReportRun['predictions']): Html {
  if (predictions.rows.length === 0) return html`<p>There are no predictions to draw.</p>`;
  if (predictions.kind === 'survival') return survivalFigure(predictions);
  return html`${confusionTable(predictions)}${rocFigure(predictions)}`;
}

/** The configuration without the folders of the machine it ran on. */
function presentable(value: unknown): unknown {
  if (typeof value === 'string') return withoutFolders(value);
  if (Array.isArray(value)) return value.map(presentable);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, presentable(inner)]));
  }
  return value;
}

function limits(): Html {
  return html`<h2>Limits</h2>
<ul>
<li>Research software, not a medical device: it was not tested for, and is not meant for, decisions on patients.</li>
<li>The numbers hold for the patients of this report. Other hospitals, scanners, stains, laboratories and treatments may change them.</li>
<li>Intervals are 95 % bootstrap intervals over these patients. They do not cover the chance in training or in the choice of the split.</li>
<li>An association of a gene or a region with an outcome is not a cause.</li>
<li>A predicted survival curve says nothing after its last time cut.</li>
</ul>`;
}
