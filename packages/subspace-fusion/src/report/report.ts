import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomic } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import { holdingFile } from '../files/lock.js';
import { openPseudonyms, requireKeyApart } from '../files/pseudonyms.js';
import { openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { capital, metricName, number } from '../words/comparison.js';
import { classCalibration, survivalCalibration } from './calibration-figures.js';
import { anchorOf, checklists, sectionTitle, type SectionName } from './checklist.js';
import { confusionTable, rocFigures } from './class-figures.js';
import { explainMissing, explanationsSection, mostAndLeastCertain } from './explanations.js';
import { asPredictions, evaluated } from './from-run.js';
import { html, pageHead, STYLE, table, type Html } from './html.js';
import { renderModelCard } from './model-card.js';
import { isComparison, readReport } from './read.js';
import { comparisonSection, confidenceSection, intendedUse, LIMITS, patientsSection } from './sections.js';
import { metricsTable, summary } from './summary.js';
import { survivalFigure } from './survival-figure.js';
import { manyTrainingsFigures, trainingFigures } from './training-figures.js';
import type { ReportInput, ReportRun } from './types.js';
import { pseudonymised, withoutMachine } from './withheld.js';
import { interval, INTERVAL_95, mainMetric } from './words.js';

/**
 * The report of one or more runs: one HTML page that carries its style and its figures (SVG), asks nothing of a network and
 * needs no script. Text of the input is escaped, and the folders of the machine are taken away.
 */
export function renderReport(given: ReportInput): string {
  const input = withoutMachine(given);
  const several = input.runs.length > 1;
  return html`${pageHead(input.title, STYLE, '; img-src data:')}
${input.description === undefined ? undefined : html`<p>${input.description}</p>`}
${several ? overview(input.runs) : undefined}
${input.pseudonymised ? html`<p>Patients stand under codes. Who is who is in a key file that is kept apart from this report.</p>` : undefined}
</header>
<nav aria-label="Contents">${contents(input.runs)}</nav>
<main>
${input.runs.map(runSection)}
${once(
  'limits',
  html`<h3>Intended use</h3><ul>${intendedUse(input.runs).map((line) => html`<li>${line}</li>`)}</ul>
<h3>Limits</h3><ul>${LIMITS.map((line) => html`<li>${line}</li>`)}</ul>`,
)}
<section id="checklists"><h2>Reporting checklists</h2>
${checklists(input.runs)}
</section>
${once('versions', table('Versions of the programs', ['Program', 'Version'], Object.entries(input.versions)))}
</main>
</body>
</html>
`.html;
}

const anchor = (index: number) => `run-${index + 1}`;

/** Sections of each run, in the order of a paper's results. */
const OF_RUN = [
  'summary',
  'patients',
  'discrimination',
  'calibration',
  'training',
  'explanations',
  'reproduce',
] as const;

function contents(runs: readonly ReportRun[]): Html {
  const ofRun = (index: number) =>
    OF_RUN.map((section) => html`<li><a href="#${anchorOf(section, index)}">${sectionTitle(section)}</a></li>`);
  const of = runs.map(({ task }, i) =>
    runs.length === 1 ? ofRun(i) : html`<li><a href="#${anchor(i)}">${capital(task)}</a><ul>${ofRun(i)}</ul></li>`,
  );
  return html`<ul>${of}<li><a href="#limits">${sectionTitle('limits')}</a></li><li><a href="#checklists">Reporting checklists</a></li>
<li><a href="#versions">${sectionTitle('versions')}</a></li></ul>`;
}

/** A section that stands once. */
const once = (section: SectionName, body: Html) =>
  html`<section id="${section}"><h2>${sectionTitle(section)}</h2>
${body}
</section>`;

/** The main metric of each run, with a link to its section. */
function overview(runs: readonly ReportRun[]): Html {
  const rows = runs.map(({ task, result }, i) => {
    const main = mainMetric(result.metrics);
    const link = html`<a href="#${anchor(i)}">${capital(task)}</a>`;
    if (main === undefined) return [link, '–', '–', '–', result.patients];
    const value = main.metric.value === null ? 'refused' : number(main.metric.value);
    return [link, capital(metricName(main.name)), value, interval(main.metric), result.patients];
  });
  return table('Runs in this report', ['Task', 'Metric', 'Value', INTERVAL_95, 'Patients'], rows);
}

function runSection(run: ReportRun, index: number): Html {
  const { task, predictions, config, trainings, commands } = run;
  const bodies: Readonly<Record<(typeof OF_RUN)[number], Html>> = {
    summary: summary(run),
    patients: patientsSection(run),
    discrimination: html`${metricsTable(run)}
${comparisonSection(run)}
${outcomeFigures(predictions)}`,
    calibration: html`${calibration(run)}
${confidenceSection(run.result.confidence)}`,
    training: trainings.length === 1 ? trainingFigures(trainings[0]) : manyTrainingsFigures(trainings),
    explanations: explanationsSection(run),
    reproduce: html`<p>Save the configuration as <code>config.yaml</code>, give its files their folders back, and type:</p>
<pre tabindex="0" role="group" aria-label="Commands">${commands.join('\n')}</pre>
<p>Same files, seed, processor type and number of threads give the same bits. Parts are drawn by patient from <code>split.seed</code>, unless the configuration names a
file of folds; parameters are drawn from <code>training.seed</code>. The method is in docs/method.md of the program.</p>
<pre tabindex="0" role="group" aria-label="Configuration">${stringify(config)}</pre>`,
  };
  return html`<section id="${anchor(index)}">
<h2>${capital(task)}</h2>
${OF_RUN.map(
  (section) => html`<section id="${anchorOf(section, index)}"><h3>${sectionTitle(section)}</h3>
${bodies[section]}
</section>
`,
)}</section>
`;
}

function outcomeFigures(predictions: ReportRun['predictions']): Html {
  if (predictions.rows.length === 0) return html`<p>There are no predictions to draw.</p>`;
  if (predictions.kind === 'survival') return survivalFigure(predictions);
  return html`${confusionTable(predictions)}${rocFigures(predictions)}`;
}

function calibration({ predictions, result: { confidence } }: ReportRun): Html {
  if (predictions.rows.length === 0) return html`<p>There are no predictions to judge.</p>`;
  return predictions.kind === 'survival'
    ? survivalCalibration(predictions, confidence?.survival)
    : classCalibration(predictions, confidence?.classes?.after.reliability);
}

export interface ReportOptions {
  /** Where to write; `report.html` in the folder by default. The model card goes beside it. */
  readonly out?: string | undefined;
  /** So many patients of whom the model is most certain, and as many of whom it is least, are explained first where they are not yet. */
  readonly explain?: number | undefined;
  /** File with the key of the patients' codes, which is made where it is missing. */
  readonly pseudonyms?: string | undefined;
  readonly onExplained?: (done: number, of: number) => void;
}

/**
 * Writes the report of a run or a cross-validation and its model card; returns their paths.
 * @throws InputError where the folder holds neither, where single patients of a cross-validation are to be explained, and where the key would lie
 * beside the report.
 */
export async function writeReport(folder: string, options: ReportOptions = {}): Promise<string[]> {
  const page = options.out ?? join(folder, 'report.html');
  if (options.pseudonyms !== undefined) requireKeyApart(options.pseudonyms, dirname(page));
  const comparison = await isComparison(folder);
  return holdingFile(page, () => writePages(folder, comparison, page, options));
}

async function writePages(
  folder: string,
  comparison: boolean,
  page: string,
  { explain, pseudonyms, onExplained }: ReportOptions,
): Promise<string[]> {
  if (explain !== undefined) {
    if (comparison)
      throw new InputError(
        `${folder}: is a comparison of many models. Explain patients with \`subspace explain\` and the folder of one of its runs, as in ${join(folder, 'fold-0', 'seed-1')}.`,
      );
    const run = await openRunFolder(folder);
    const predictions = asPredictions(run.model, evaluated(run, RUN_FILES.predictions, await run.predictions()));
    await explainMissing(run, mostAndLeastCertain(predictions, explain), onExplained);
  }
  const { input, patients } = await readReport(folder);
  const shown = pseudonyms === undefined ? input : pseudonymised(input, await openPseudonyms(pseudonyms, patients));
  const card = join(dirname(page), 'model-card.md');
  await writeFileAtomic(page, renderReport(shown));
  await writeFileAtomic(card, renderModelCard(shown));
  return [page, card];
}
