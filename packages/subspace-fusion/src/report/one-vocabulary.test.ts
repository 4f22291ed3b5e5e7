import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareFirst } from '../comparison/compare-task.js';
import type { TaskComparison } from '../comparison/file.js';
import type { FoldScores } from '../comparison/fold-scores.js';
import { madeFold } from '../comparison/made-folds.test.helper.js';
import { worstPredicted } from '../comparison/model-detail.js';
import { allTables } from '../comparison/tables/build.js';
import { formatCsv, latexDocument, markdownDocument } from '../comparison/tables/documents.js';
import { formatText } from '../comparison/tables/formats.js';
import { verdict } from '../metrics/significance.js';
import { defined } from '../testing/defined.js';
import { modelName, pValue, withInterval } from '../words/comparison.js';
import { renderComparison } from './comparison-page.js';
import { explainedPatient } from './explained.test.data.js';
import { explanationsSection } from './explanations.js';
import { renderModelCard } from './model-card.js';
import { survivalRun } from './sample.test.data.js';
import { comparisonSection } from './sections.js';
import { summaryWords } from './summary.js';

interface Part {
  readonly textContent: string;
  querySelectorAll(selector: string): Iterable<Part>;
}

/** A table as somebody reads it: its title, and its rows with the header. */
interface Read {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** The file of a comparison whose folds are made. */
function made(folds: readonly FoldScores[], model: string, trained: readonly string[]): TaskComparison {
  const seeds = [1, 2];
  return {
    task: 'survival',
    model,
    split: 'test',
    seeds,
    ...compareFirst(folds, model, 1),
    subgroups: [],
    worstPredicted: worstPredicted(folds, model),
    notes: ['a note'],
    within: [],
    folds: folds.map((scores) => {
      const { fold, repeat } = scores;
      const { patients, metrics, baselines, differences } = compareFirst([scores], model, 1);
      const folder = `${repeat === undefined || repeat === 0 ? '' : `repeat-${repeat}/`}fold-${fold}`;
      const runs = trained.flatMap((name) =>
        seeds.map((seed) => ({ model: name, seed, folder: `${name}/${folder}/seed-${seed}`, result: RESULT })),
      );
      const which = repeat === undefined ? { fold } : { fold, repeat };
      return { ...which, task: 'survival', split: 'test', patients, metrics, baselines, differences, runs };
    }),
  };
}

const RESULT = {
  task: 'survival',
  split: 'test',
  patients: 40,
  metrics: {},
  baselines: {},
  selection: { epoch: 1, metric: 'concordanceIndex', value: null },
  patientsWithSeveralSlides: 0,
};

const crossval = () =>
  made(
    [0, 1, 2].map((fold) => madeFold(fold, 40, { subspace: 0.3, ridgeCox: 0.35, age: 3, ageDiagnosisGrade: 1 }, 2)),
    'subspace',
    ['subspace'],
  );

const sweep = () =>
  made(
    [0, 1].map((fold) =>
      madeFold(fold, 40, { 'subspace/full': 0.3, 'subspace/permuted-bags': 2, 'snn/full': 0.3, age: 3 }),
    ),
    'subspace/full',
    ['subspace/full', 'subspace/permuted-bags', 'snn/full'],
  );

/** The same patients, dealt twice. */
const repeated = () =>
  made(
    [0, 1].flatMap((repeat) =>
      [0, 1].map((fold) => ({ ...madeFold(fold, 40, { subspace: 0.3 + repeat / 2, ridgeCox: 0.5 }), repeat })),
    ),
    'subspace',
    ['subspace'],
  );

const isLine = (text: string) => text.startsWith('| ') && !text.startsWith('| ---');

function inMarkdown(task: TaskComparison): Read[] {
  const blocks = markdownDocument('Sample', [task]).split('\n\n');
  return blocks.flatMap((block, i) =>
    isLine(block)
      ? [
          {
            title: blocks[i - 1].replaceAll('**', ''),
            rows: block
              .split('\n')
              .filter(isLine)
              .map((line) =>
                line
                  .slice(2, -2)
                  .split(' | ')
                  .map((cell) => cell.trim()),
              ),
          },
        ]
      : [],
  );
}

function inTerminal(task: TaskComparison): Read[] {
  return allTables(task).flatMap((table) => {
    if (typeof table === 'string') return [];
    const [title, ...lines] = formatText(table).split('\n');
    const starts = table.header.map((_, c) =>
      table.header
        .slice(0, c)
        .reduce((at, name, k) => at + 2 + Math.max(name.length, ...table.rows.map((row) => row[k].length)), 2),
    );
    const rows = lines.slice(0, table.rows.length + 1);
    return [{ title, rows: rows.map((line) => starts.map((at, c) => line.slice(at, starts[c + 1]).trim())) }];
  });
}

function inHtml(html: string, withRuns: boolean): Read[] {
  const parsed: unknown = parseHTML(`<html><body>${html}</body></html>`);
  const { document } = parsed as { document: Part };
  return [...document.querySelectorAll('table')].map((table) => {
    const cells = (row: Part) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent);
    const [caption] = table.querySelectorAll('caption');
    const rows = [...table.querySelectorAll('tr')].map(cells);
    return {
      title: caption.textContent.replace(/\. Note: .*$/, ''),
      rows: withRuns ? rows.map((row) => row.slice(0, -1)) : rows,
    };
  });
}

const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
const byTitle = (tables: readonly Read[]) => Object.fromEntries(tables.map(({ title, rows }) => [lower(title), rows]));
const runOf = (task: TaskComparison) => {
  const run = survivalRun();
  const { metrics, baselines, patients } = task;
  return { ...run, result: { ...run.result, metrics, baselines, patients }, comparison: task };
};

describe.each([
  ['a cross-validation', crossval, ['fold 0', 'fold 1', 'fold 2'], '120 patients'],
  ['a plan of several models', sweep, ['fold 0', 'fold 1'], '80 patients'],
  [
    'repeated folds',
    repeated,
    ['repeat 0, fold 0', 'repeat 0, fold 1', 'repeat 1, fold 0', 'repeat 1, fold 1'],
    '80 patients',
  ],
])('%s', (_, make, folds, patients) => {
  let task: TaskComparison;
  let read: Record<'terminal' | 'markdown' | 'page' | 'report', Record<string, Read['rows']>>;
  let csv: Record<string, string>[];
  let models: Read['rows'];

  beforeAll(() => {
    task = make();
    const file = { format: 1, name: 'Sample', tasks: [task] } as const;
    read = {
      terminal: byTitle(inTerminal(task)),
      markdown: byTitle(inMarkdown(task)),
      page: byTitle(inHtml(renderComparison(file), true)),
      report: byTitle(inHtml(comparisonSection({ comparison: task })?.html ?? '', false)),
    };
    csv = parse(formatCsv([task]), { columns: true });
    const [title] = Object.keys(read.terminal);
    models = read.terminal[title];
  });

  it('says the same in the terminal, in Markdown, on its page and in a report', () => {
    expect(Object.keys(read.terminal).length).toBeGreaterThan(3);
    expect(read.markdown).toEqual(read.terminal);
    expect(read.page).toEqual(read.terminal);
    expect(Object.keys(read.report).length).toBeGreaterThan(2);
    expect(read.terminal).toMatchObject(read.report);
  });

  it('has the numbers, p-values and verdicts of the table of all numbers', () => {
    const all = csv.filter(({ scope, metric }) => scope === 'all' && metric === 'concordanceIndex');
    const shown = ({ value, low, high }: Record<string, string>, signed: boolean) =>
      withInterval({ value: Number(value), low: Number(low), high: Number(high) }, signed);
    const rows = all
      .filter(({ against }) => against === '')
      .map((own) => {
        const difference = all.find(({ against }) => against === own['model']);
        const number = own['value'] === '' ? `not computed: ${own['reason']}` : shown(own, false);
        const name = modelName(own['model'], task.adds.variables);
        if (!difference) return [name, number, '', '', ''];
        const by = difference['value'] === '' ? '' : shown(difference, true);
        const p = difference['adjusted_p'] === '' ? '' : pValue(Number(difference['adjusted_p']));
        return [name, number, by, p, difference['verdict']];
      });
    expect(models.slice(1)).toEqual(rows);
    expect(new Set(rows.map((row) => row[4])).size).toBeGreaterThan(1);
  });

  it('names folds alike, counted from 0', () => {
    const header = read.report['c-index by fold'][0];
    expect(header).toEqual(['', ...folds, 'mean']);
    expect([...new Set(csv.filter(({ scope }) => scope === 'fold').map(({ part }) => part))]).toEqual(folds);
    const tested = read.page[defined(Object.keys(read.page).find((title) => title.startsWith('the patients whom')))];
    for (const row of tested.slice(1)) expect(folds).toContain(row[1]);
  });

  it('counts every patient once, and says repeats apart', () => {
    const again = folds.length === 4 ? ', each tested in 2 repeats' : '';
    const deaths = `\\d+ deaths${again}$`;
    for (const tables of Object.values(read))
      expect(Object.keys(tables)[0]).toMatch(new RegExp(`^survival, all: ${patients}, ${deaths}`));
    const [lead] = summaryWords(runOf(task));
    expect(lead).toContain(`On ${patients} (`);
    expect(lead).toContain(folds.length === 4 ? 'in 2 repeats of 2 folds' : `in ${folds.length} folds`);
    const ofAll = csv.find(
      ({ scope, metric, against }) => scope === 'all' && metric === 'concordanceIndex' && against === '',
    );
    expect(`${defined(ofAll)['n']} patients`).toBe(patients);
  });

  it('gives the model the same number in the summary of a report and in its card', () => {
    const [, own] = models[1];
    const [value] = own.split(' ');
    const run = runOf(task);
    expect(summaryWords(run)[0]).toContain(`C-index of ${own.replace('(', '(95\u00a0%\u00a0interval ')}`);
    expect(renderModelCard({ title: 'x', runs: [run], versions: {} })).toContain(`| This model | ${value} |`);
  });
});

it('a difference of +0.004 (+0.002 to +0.006) has one word wherever it appears', () => {
  const base = crossval();
  const [low, high] = [0.002, 0.006];
  const name = 'subspace - ridgeCox';
  const word = verdict(low, high, 0.01, 0.001);
  const difference = { ...base.differences[name], value: 0.004, low, high, p: 0.0005, adjustedP: 0.001, verdict: word };
  const { metrics, baselines } = base;
  const best = { ...baselines['ridgeCox']['concordanceIndex'], value: 0.999 };
  const task = {
    ...base,
    baselines: { ...baselines, ridgeCox: { ...baselines['ridgeCox'], concordanceIndex: best } },
    differences: { ...base.differences, [name]: difference },
  } as TaskComparison;
  expect(metrics['concordanceIndex'].value).toBeLessThan(0.999);
  expect(word).toBe('equivalent');
  const ofRow = (tables: readonly Read[]) =>
    tables[0].rows.find(([model]) => model === modelName('ridgeCox'))?.slice(2);
  const expected = ['+0.004 (+0.002 to +0.006)', '0.001', 'equivalent'];
  const file = { format: 1, name: 'Sample', tasks: [task] } as const;
  expect(ofRow(inTerminal(task))).toEqual(expected);
  expect(ofRow(inMarkdown(task))).toEqual(expected);
  expect(ofRow(inHtml(renderComparison(file), true))).toEqual(expected);
  expect(ofRow(inHtml(defined(comparisonSection({ comparison: task })).html, false))).toEqual(expected);
  const row = latexDocument('Sample', [task])
    .split('\n')
    .find((line) => line.startsWith('ridge Cox'));
  expect(row).toContain('+0.004 (+0.002 to +0.006) & 0.001 & equivalent');
  const csv = parse<Record<string, string>>(formatCsv([task]), { columns: true });
  expect(csv.find(({ scope, against }) => scope === 'all' && against === 'ridgeCox')).toMatchObject({
    verdict: 'equivalent',
  });
  expect(summaryWords(runOf(task)).join(' ').replaceAll('\u00a0', ' ')).toContain(
    'The difference is +0.004 (95 % interval +0.002 to +0.006): equivalent.',
  );
  // The mark of the forest plot is that of the word.
  expect(renderComparison(file)).toContain('ridge Cox on the genes: +0.004 (+0.002 to +0.006)');
});

it('An explained patient has the rows that the terminal and the page print', () => {
  const explained = explainedPatient('P-3');
  const section = explanationsSection({ ...survivalRun(), explanations: { patients: [explained], notShown: 0 } });
  const shown = inHtml(section.html, false).find(({ title }) => title === 'The prediction for P-3');
  expect(shown?.rows.slice(1)).toEqual(explained.explanation.prediction?.map(({ name, text }) => [name, text]));
});
