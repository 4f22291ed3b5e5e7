import { join } from 'node:path';
import { differenceName } from '../comparison/comparison.js';
import {
  allTables,
  formatCsv,
  groupName,
  headlineOf,
  latexDocument,
  markdownDocument,
  metricName,
  modelName,
  withInterval,
  type ComparedTask,
  type Scope,
  type Table,
  type TableRun,
} from '../comparison/tables/index.js';
import type { NamedMetric } from '../comparison/types.js';
import { writeFileAtomic } from '../files/atomic.js';
import { openPseudonyms, requireKeyApart } from '../files/pseudonyms.js';
import { forestPlot, type ForestMark, type ForestRow } from './forest-plot.js';
import { html, pageHead, table, type Html } from './html.js';
import { STYLE } from './style.js';

const VERDICTS = {
  helps: 'it is better',
  harms: 'it is worse',
  equivalent: 'no difference that matters',
  undetermined: 'undetermined',
  untested: 'not tested',
} as const;

/**
 * A comparison as one HTML page that carries its style and its figures (SVG), asks nothing of a network and needs no script: for each
 * task forest plots and all tables, whose rows link to the run folders that their numbers come from. The page stands in the folder
 * that the run folders are in.
 */
export function renderComparison(title: string, tasks: readonly ComparedTask[]): string {
  return html`${pageHead(title, STYLE + RUN_STYLE)}
</header>
<main>
${tasks.map(taskSection)}
</main>
<footer>
<p>Metrics are means over seeds, then folds; predictions of different folds are never pooled. Differences are paired: on the same patients of the same folds.
Simple models are fitted on the training patients of the first model's runs and scored on their test patients, so their rows link to those runs.
A verdict is on the first model against the one of the row: it helps, harms, is equivalent (the whole interval within the margin), or that is undetermined.</p>
</footer>
</body>
</html>
`.html;
}

/** Links to runs take little room, and are there on paper too. */
const RUN_STYLE = `
.runs { max-width: 14rem; white-space: normal; margin: 0; font-size: 0.85rem; }
.runs summary { white-space: nowrap; }
.long { display: inline-block; min-width: 9rem; max-width: 20rem; white-space: normal; }
`;

function taskSection(task: ComparedTask): Html {
  const [all] = task.scopes;
  const subgroups = task.subgroups.length > 0 || task.scopes.some(({ kind }) => kind === 'subgroup');
  return html`<section>
<h2>${capital(task.task)}</h2>
${task.notes.map((note) => html`<p class="warning">${capital(note)}.</p>`)}
${modelsPlot(task, all)}
${differencesPlot(task, all)}
${subgroups ? subgroupsPlot(task) : undefined}
${allTables(task).map((one) => (typeof one === 'string' ? html`<p>${capital(one)}.</p>` : linkedTable(one)))}
</section>
`;
}

function modelsPlot(task: ComparedTask, scope: Scope): Html {
  const metric = headlineOf(task);
  const mark = (name: string): ForestMark =>
    name === task.reference ? 'first' : scope.runs.some(({ model }) => model === name) ? 'trained' : 'simple';
  const rows = Object.entries(scope.models).map(([name, metrics]) =>
    forestRow(modelName(name), metrics[metric], mark(name)),
  );
  return forestPlot(rows, {
    title: `${capital(metricName(metric))} of each model, ${scope.patients} test patients`,
    axis: metricName(metric),
    nothing: 0.5,
    legend: { first: modelName(task.reference), trained: 'other trained networks', simple: 'simple models' },
    caption: `Lines are 95 % intervals; the dashed line, 0.5, is chance. ${seedsInWords(task)}`,
  });
}

function differencesPlot(task: ComparedTask, { models, differences }: Scope): Html | undefined {
  const { reference } = task;
  const rows = Object.keys(models).flatMap((name) => {
    const difference = differences[differenceName(reference, name)];
    if (!difference) return [];
    const verdict = difference.value === null ? 'untested' : (difference.verdict ?? 'untested');
    return [forestRow(modelName(name), difference, verdict, true)];
  });
  if (rows.length === 0) return undefined;
  const { bootstrap } = task;
  return forestPlot(rows, {
    title: `${capital(modelName(reference))} minus each other model, ${metricName(headlineOf(task))}`,
    axis: 'difference',
    nothing: 0,
    margin: bootstrap.margin,
    legend: Object.fromEntries(
      Object.entries(VERDICTS).map(([verdict, words]) => [
        verdict,
        verdict === 'helps' || verdict === 'harms' ? words.replace('it', modelName(reference)) : words,
      ]),
    ),
    caption: `Paired differences with 95 % intervals. Those within ±${bootstrap.margin}, the grey band, are no matter; p-values of ${bootstrap.family} differences are adjusted by Holm's procedure.`,
  });
}

function subgroupsPlot(task: ComparedTask): Html {
  const metric = headlineOf(task);
  const { reference } = task;
  const asked = task.scopes
    .filter(({ kind }) => kind === 'subgroup')
    .map((scope) => {
      const value: NamedMetric | undefined =
        scope.reason === undefined ? scope.models[reference]?.[metric] : { value: null, reason: scope.reason };
      return forestRow(`${scope.part} (${scope.patients})`, value, 'first');
    });
  const known = task.subgroups.map((group) =>
    forestRow(`${groupName(group)} (${group.patients})`, group.metric, 'first'),
  );
  return forestPlot([...asked, ...known], {
    title: `${capital(modelName(reference))} in groups of patients (how many), ${metricName(metric)}`,
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

/** A table whose rows end in links to the run folders. */
function linkedTable({ title = '', header, rows, runs = [], notes = [] }: Table): Html {
  const caption = [title, ...notes.map((note) => `Note: ${note}`)].map((part) => `${capital(part)}.`).join(' ');
  const cells = rows.map((row, i) => [
    ...row.map((text) => (text.length > 34 ? html`<span class="long">${text}</span>` : text)),
    links(runs[i] ?? []),
  ]);
  return table(caption, [...header, 'from'], cells);
}

function links(runs: readonly TableRun[]): Html {
  const list = html`<p class="runs">${runs.map(({ folder }, i) => html`${i > 0 ? ', ' : ''}<a href="${address(folder)}">${folder}</a>`)}</p>`;
  return runs.length <= 3 ? list : html`<details class="runs"><summary>${runs.length} runs</summary>${list}</details>`;
}

const address = (folder: string) => `${folder.split(/[\\/]/).map(encodeURIComponent).join('/')}/`;

function seedsInWords({ seeds }: ComparedTask): string {
  return `${seeds.length === 1 ? 'Seed' : 'Seeds'} ${seeds.join(', ')}.`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** What a comparison is written as, beside its JSON. */
export const COMPARISON_FILES = ['comparison.csv', 'comparison.md', 'comparison.tex', 'comparison.html'] as const;

/**
 * Writes a comparison's tables into the folder that its run folders are in: as CSV, Markdown and LaTeX, and as an HTML page with forest
 * plots.
 * @param keyFile codes stand in them for patients, by this key (see `openPseudonyms`)
 * @returns their paths
 * @throws InputError where the key would lie beside them
 */
export async function writeComparison(
  out: string,
  title: string,
  named: readonly ComparedTask[],
  keyFile?: string,
): Promise<string[]> {
  const tasks = keyFile === undefined ? named : await pseudonymised(named, out, keyFile);
  const contents: Record<(typeof COMPARISON_FILES)[number], string> = {
    'comparison.csv': formatCsv(tasks),
    'comparison.md': markdownDocument(title, tasks),
    'comparison.tex': latexDocument(title, tasks),
    'comparison.html': renderComparison(title, tasks),
  };
  await Promise.all(COMPARISON_FILES.map((name) => writeFileAtomic(join(out, name), contents[name])));
  return COMPARISON_FILES.map((name) => join(out, name));
}

/** The worst predicted are the only patients that a comparison names. */
async function pseudonymised(tasks: readonly ComparedTask[], out: string, keyFile: string): Promise<ComparedTask[]> {
  requireKeyApart(keyFile, out);
  const { codeOf } = await openPseudonyms(
    keyFile,
    tasks.flatMap(({ worstPredicted }) => worstPredicted.map(({ patient }) => patient)),
  );
  return tasks.map((task) => ({
    ...task,
    worstPredicted: task.worstPredicted.map((worst) => ({ ...worst, patient: codeOf(worst.patient) })),
  }));
}
