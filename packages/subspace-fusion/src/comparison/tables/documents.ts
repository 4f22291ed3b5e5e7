import { csvText, type CsvCell } from '../../files/csv.js';
import { groupName, VERDICTS_MEAN, verdictWord } from '../../words/comparison.js';
import type { Difference, NamedMetric, TaskComparison } from '../file.js';
import { everyone, headlineOf, namesOf, runsOf, scopesOf, shuffledScopes, type TableRun } from '../scopes.js';
import { allTables } from './build.js';
import { escapeLatex, formatLatex, formatMarkdown } from './formats.js';

const WARNING = 'Research software. Not a medical device.';

/** All tables of a comparison as Markdown, with links to the run folders of each model. */
export function markdownDocument(title: string, tasks: readonly TaskComparison[]): string {
  const sections = tasks.flatMap((task) => [
    `## ${task.task}`,
    ...allTables(task).map((table) => (typeof table === 'string' ? `*${table}.*` : formatMarkdown(table))),
    'Run folders that the numbers of each model come from; simple models are fitted and scored on the patients of the splits of the first model:',
    runLinks(task),
  ]);
  return `${[`# ${title}`, WARNING, VERDICTS_MEAN, ...sections].join('\n\n')}\n`;
}

function runLinks(task: TaskComparison): string {
  return [everyone(task), ...shuffledScopes(task)]
    .flatMap((scope) =>
      [...new Set(scope.runs.map(({ model }) => model))].map((model) => {
        const control = scope.kind === 'shuffled outcomes' ? ', outcomes shuffled' : '';
        const links = runsOf(scope, model, task.model).map(({ folder }) => `[${folder}](<${folder}>)`);
        return `- ${namesOf(task)(model)}${control}: ${links.join(', ')}`;
      }),
    )
    .join('\n');
}

/** All tables of a comparison as LaTeX, to be taken in with \\input after \\usepackage{booktabs}. */
export function latexDocument(title: string, tasks: readonly TaskComparison[]): string {
  const tables = tasks.flatMap((task) =>
    allTables(task).map((table) => (typeof table === 'string' ? `${escapeLatex(table)}.` : formatLatex(table))),
  );
  return `${[`% ${title.replaceAll(/\s+/g, ' ')}. Needs \\usepackage{booktabs}. ${WARNING}\n% ${VERDICTS_MEAN}`, ...tables].join('\n\n')}\n`;
}

const COLUMNS = [
  'task',
  'scope',
  'part',
  'model',
  'against',
  'metric',
  'value',
  'low',
  'high',
  'p',
  'adjusted_p',
  'verdict',
  'n',
  'events',
  'comparable_pairs',
  'estimator',
  'reason',
  'notes',
  'runs',
] as const;
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], CsvCell>>>;

/**
 * Every number of a comparison, a row each: task × scope (all, subgroup, fold, …) × model × metric. Differences name the model that
 * was taken away in `against`. `reason` says why a value or an interval is missing; `runs` are the folders that the number comes from,
 * with blanks between them.
 */
export function formatCsv(tasks: readonly TaskComparison[]): string {
  const lines = tasks.flatMap(rowsOf).map((row) => COLUMNS.map((column) => row[column]));
  return csvText([COLUMNS, ...lines]);
}

function rowsOf(task: TaskComparison): Row[] {
  const { model: first, subgroups, adds, repeated, probe } = task;
  const headline = headlineOf(task);
  const all = everyone(task);
  const rowOf = (
    scope: string,
    part: string,
    model: string,
    metric: string,
    value: NamedMetric,
    runs: readonly TableRun[],
    against = '',
  ): Row => ({
    task: task.task,
    scope,
    part,
    model,
    against,
    metric,
    ...metricCells(value, task.notes),
    runs: runs.map(({ folder }) => folder).join(' '),
  });
  const pair = (name: string): [string, string] => {
    const [model = '', against = ''] = name.split(' - ');
    return [model, against];
  };

  const ofScopes = scopesOf(task).flatMap((scope) => {
    const models = Object.entries(scope.models).flatMap(([model, metrics]) =>
      Object.entries(metrics).map(([metric, value]) =>
        rowOf(scope.kind, scope.part, model, metric, value, runsOf(scope, model, first)),
      ),
    );
    const differences = Object.entries(scope.differences).map(([name, value]) => {
      const [model, against] = pair(name);
      const runs = bothRuns(scope.runs, [model, against], first);
      return { ...rowOf(scope.kind, scope.part, model, headline, value, runs, against), verdict: verdictWord(value) };
    });
    const refused =
      scope.reason === undefined
        ? []
        : [rowOf(scope.kind, scope.part, first, headline, { value: null, reason: scope.reason }, scope.runs)];
    return [...models, ...differences, ...refused];
  });
  const own = runsOf(all, first, first);
  const ofGroups = subgroups.map((group) => rowOf('group', groupName(group), first, headline, group.metric, own));
  const added =
    'reason' in adds
      ? []
      : Object.entries(adds.models).flatMap(([model, metrics]) =>
          Object.entries(metrics).map(([metric, value]) =>
            rowOf('added', '', model, metric, value, bothRuns(all.runs, [model], first), adds.over),
          ),
        );
  const ofRepeats = repeated
    ? [
        ...Object.entries(repeated.models).map(([model, value]) =>
          rowOf('repeats', '', model, headline, value, runsOf(all, model, first)),
        ),
        ...Object.entries(repeated.differences).map(([name, value]) => {
          const [model, against] = pair(name);
          return rowOf('repeats', '', model, headline, value, bothRuns(all.runs, [model, against], first), against);
        }),
      ]
    : [];
  const probed =
    probe && !('reason' in probe)
      ? Object.entries(probe.inputs).map(([input, value]) => rowOf('probe', probe.of, input, 'macroAuc', value, own))
      : [];
  return [...ofScopes, ...ofGroups, ...added, ...ofRepeats, ...probed];
}

/** The runs of both models of a difference. */
function bothRuns(runs: readonly TableRun[], models: readonly string[], first: string): TableRun[] {
  const trained = models.filter((model) => runs.some((run) => run.model === model));
  return runs.filter(({ model }) => (trained.length > 0 ? trained.includes(model) : model === first));
}

function metricCells(metric: NamedMetric & Partial<Difference>, notes: readonly string[]): Row {
  if (metric.value === null) return { reason: metric.reason, notes: notes.join('; ') };
  const { value, low, high, p, adjustedP, verdict, n, events, comparablePairs, estimator, noInterval, note } = metric;
  return {
    value,
    low,
    high,
    p,
    adjusted_p: adjustedP,
    verdict,
    n,
    events,
    comparable_pairs: comparablePairs,
    estimator,
    reason: noInterval,
    notes: [...(note === undefined ? [] : [note]), ...notes].join('; '),
  };
}
