import { join } from 'node:path';
import type { ComparisonFile, NamedMetric, TaskComparison } from '../comparison/file.js';
import {
  differenceTo,
  everyone,
  headlineOf,
  metricOf,
  namesOf,
  subgroupScopes,
  type Scope,
  type TableRun,
} from '../comparison/scopes.js';
import { allTables, patientsInWords } from '../comparison/tables/build.js';
import { formatCsv, latexDocument, markdownDocument } from '../comparison/tables/documents.js';
import type { Table } from '../comparison/tables/formats.js';
import { writeFileAtomic } from '../files/atomic.js';
import { openPseudonyms, requireKeyApart } from '../files/pseudonyms.js';
import {
  capital,
  groupName,
  metricName,
  VERDICT_WORDS,
  VERDICTS_MEAN,
  verdictWord,
  withInterval,
} from '../words/comparison.js';
import { forestPlot, type ForestMark, type ForestRow } from './forest-plot.js';
import { html, pageHead, STYLE, table, type Html } from './html.js';

/**
 * A comparison as one HTML page that carries its style and its figures (SVG), asks nothing of a network and needs no script: for each
 * task forest plots and all tables, whose rows link to the run folders that their numbers come from. The page stands in the folder
 * that the run folders are in.
 */
export function renderComparison({ name, tasks }: ComparisonFile): string {
  return html`${pageHead(name, STYLE + RUN_STYLE)}
</header>
<main>
${tasks.map(taskSection)}
</main>
<footer>
<p>Metrics are means over seeds, then folds; predictions of different folds are never pooled. Differences are paired: on the same patients of the same folds.
Simple models are fitted on the training patients of the first model's runs and scored on their test patients, so their rows link to those runs.
${VERDICTS_MEAN}</p>
</footer>
</body>
</html>
`.html;
}

/** Links to runs take little room, and are there on paper too. */
const RUN_STYLE = `
.runs { max-width: 14rem; white-space: normal; margin: 0; font-size: 0.85rem; }
.runs summary { white-space: nowrap; }
`;

function taskSection(task: TaskComparison): Html {
  return html`<section>
<h2>${capital(task.task)}</h2>
${comparisonFigures(task)}
${allTables(task).map((one) => (typeof one === 'string' ? html`<p>${capital(one)}.</p>` : linkedTable(one)))}
</section>
`;
}

/** What to know before a comparison's figures, and its forest plots: all models, the differences, groups of patients. */
export function comparisonFigures(task: TaskComparison): Html {
  const all = everyone(task);
  const hasGroups = task.subgroups.length > 0 || task.within.length > 0;
  return html`${task.notes.map((note) => html`<p class="warning">${capital(note)}.</p>`)}
${modelsPlot(task, all)}
${differencesPlot(task, all)}
${hasGroups ? groupsPlot(task) : undefined}`;
}

function modelsPlot(task: TaskComparison, scope: Scope): Html {
  const metric = headlineOf(task);
  const named = namesOf(task);
  const mark = (name: string): ForestMark =>
    name === task.model ? 'first' : scope.runs.some(({ model }) => model === name) ? 'trained' : 'simple';
  const rows = Object.entries(scope.models).map(([name, metrics]) =>
    forestRow(named(name), metrics[metric], mark(name)),
  );
  return forestPlot(rows, {
    title: `${capital(metricName(metric))} of each model: ${patientsInWords(task, scope)}`,
    axis: metricName(metric),
    nothing: 0.5,
    legend: { first: named(task.model), trained: 'other trained networks', simple: 'simple models' },
    caption: `Lines are 95 % intervals; the dashed line, 0.5, is chance. ${seedsInWords(task)}`,
  });
}

function differencesPlot(task: TaskComparison, { models, differences }: Scope): Html | undefined {
  const { model: first, bootstrap } = task;
  const named = namesOf(task);
  const rows = Object.keys(models).flatMap((name) => {
    const difference = differenceTo(differences, first, name);
    return difference ? [forestRow(named(name), difference, verdictWord(difference) || 'not tested', true)] : [];
  });
  if (rows.length === 0) return undefined;
  return forestPlot(rows, {
    title: `${capital(named(first))} minus each other model, ${metricName(headlineOf(task))}`,
    axis: 'difference',
    nothing: 0,
    margin: bootstrap.margin,
    legend: Object.fromEntries(VERDICT_WORDS.map((word) => [word, word])),
    caption: `Paired differences with 95 % intervals, and what they say of ${named(first)}. Those within ±${bootstrap.margin}, the grey band, are no matter${bootstrap.family > 1 ? `; p-values of ${bootstrap.family} differences are adjusted by Holm's procedure` : ''}.`,
  });
}

function groupsPlot(task: TaskComparison): Html {
  const metric = headlineOf(task);
  const { model: first } = task;
  const asked = subgroupScopes(task).map((scope) => {
    const { part, patients, reason } = scope;
    const value = reason === undefined ? metricOf(scope, first, metric) : { value: null, reason };
    return forestRow(`${part} (${patients})`, value, 'first');
  });
  const known = task.subgroups.map((group) =>
    forestRow(`${groupName(group)} (${group.patients})`, group.metric, 'first'),
  );
  return forestPlot([...asked, ...known], {
    title: `${capital(namesOf(task)(first))} in groups of patients (how many), ${metricName(metric)}`,
    axis: metricName(metric),
    nothing: 0.5,
    legend: {},
    caption:
      'Lines are 95 % intervals; the dashed line, 0.5, is chance. Groups without a mark have too few patients or deaths; the table says why.',
  });
}

function forestRow(name: string, metric: NamedMetric | undefined, mark: ForestMark, signed = false): ForestRow {
  if (!metric || metric.value === null)
    return { name, words: 'not computed', value: undefined, low: undefined, high: undefined, mark };
  const { value, low, high } = metric;
  const words =
    low === undefined || high === undefined
      ? withInterval({ ...metric, noInterval: '' }, signed).replace(/ \(.*/, ', no interval')
      : withInterval(metric, signed);
  return { name, words, value, low, high, mark };
}

/** A table with its notes in the caption. */
export function plainTable({ title = '', header, rows, notes = [] }: Table): Html {
  return table(captionOf(title, notes), header, rows.map(wrapped));
}

/** A table whose rows end in links to the run folders. */
function linkedTable({ title = '', header, rows, runs = [], notes = [] }: Table): Html {
  const cells = rows.map((row, i) => [...wrapped(row), links(runs[i] ?? [])]);
  return table(captionOf(title, notes), [...header, 'from'], cells);
}

const captionOf = (title: string, notes: readonly string[]) =>
  [title, ...notes.map((note) => `Note: ${note}`)].map((part) => `${capital(part)}.`).join(' ');

const wrapped = (row: readonly string[]) =>
  row.map((text) => (text.length > 34 ? html`<span class="long">${text}</span>` : text));

function links(runs: readonly TableRun[]): Html {
  const list = html`<p class="runs">${runs.map(({ folder }, i) => html`${i > 0 ? ', ' : ''}<a href="${address(folder)}">${folder}</a>`)}</p>`;
  return runs.length <= 3 ? list : html`<details class="runs"><summary>${runs.length} runs</summary>${list}</details>`;
}

const address = (folder: string) => `${folder.split(/[\\/]/).map(encodeURIComponent).join('/')}/`;

function seedsInWords({ seeds }: TaskComparison): string {
  return `${seeds.length === 1 ? 'Seed' : 'Seeds'} ${seeds.join(', ')}.`;
}

/** What a comparison is written as, beside its JSON. */
export const COMPARISON_FILES = ['comparison.csv', 'comparison.md', 'comparison.tex', 'comparison.html'] as const;

/**
 * Writes a comparison's tables into the folder that its run folders are in: as CSV, Markdown and LaTeX, and as an HTML page with forest
 * plots.
 * @param keyFile codes stand in them for patients, by this key (see `openPseudonyms`)
 * @returns their paths
 * @throws InputError where the key would lie beside them
 */
export async function writeComparison(out: string, comparison: ComparisonFile, keyFile?: string): Promise<string[]> {
  const { name, tasks } = comparison;
  const shown = keyFile === undefined ? tasks : await pseudonymised(tasks, out, keyFile);
  const contents: Record<(typeof COMPARISON_FILES)[number], string> = {
    'comparison.csv': formatCsv(shown),
    'comparison.md': markdownDocument(name, shown),
    'comparison.tex': latexDocument(name, shown),
    'comparison.html': renderComparison({ ...comparison, tasks: shown }),
  };
  await Promise.all(COMPARISON_FILES.map((file) => writeFileAtomic(join(out, file), contents[file])));
  return COMPARISON_FILES.map((file) => join(out, file));
}

/** The worst predicted are the only patients that a comparison names. */
async function pseudonymised(
  tasks: readonly TaskComparison[],
  out: string,
  keyFile: string,
): Promise<readonly TaskComparison[]> {
  requireKeyApart(keyFile, out);
  const named = tasks.flatMap(({ worstPredicted }) => worstPredicted.map(({ patient }) => patient));
  const { codeOf } = await openPseudonyms(keyFile, named);
  return tasks.map((task) => withCodes(task, codeOf));
}

/** A comparison with codes for the patients that it names. */
export function withCodes(task: TaskComparison, codeOf: (patient: string) => string): TaskComparison {
  return {
    ...task,
    worstPredicted: task.worstPredicted.map((worst) => ({ ...worst, patient: codeOf(worst.patient) })),
  };
}
