import { differenceName, HEADLINE, type Comparison } from './comparison.js';
import type { ComparedModels, Crossval } from './crossval.js';
import type { NamedMetrics } from './result.js';

const MODELS: Readonly<Record<string, string>> = {
  subspace: 'this method',
  ridgeCox: 'ridge Cox, same genes',
  ridgeLogistic: 'ridge logistic, same genes',
  meanSlide: 'ridge, mean patch feature',
  age: 'age',
  ageSex: 'age + sex',
  idh: 'IDH',
  idhAge: 'IDH + age',
  clinical: 'all clinical variables',
  permutedBags: 'its bags permuted',
};
const METRICS: Readonly<Record<string, string>> = { concordanceIndex: 'C-index', macroAuc: 'macro AUC', balancedAccuracy: 'balanced accuracy', macroF1: 'macro F1' };

/** A model's name in words. */
export function modelName(name: string): string {
  return MODELS[name] ?? name;
}

export function metricName(name: string): string {
  return METRICS[name] ?? name;
}

/** A table for people: its header and rows, all of one length. */
export interface TextTable {
  readonly title?: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type NamedMetric = NamedMetrics[string];

/** A cross-validated model beside the others. */
export function modelTable({ metrics, baselines, differences, patients }: ComparedModels, model: string, title: string): TextTable {
  const events = eventsOf(metrics[headline(metrics)]);
  const of = `${title}: ${patients} patients${events === undefined ? '' : `, ${events} deaths`}`;
  return comparisonTable({ models: { [model]: metrics, ...baselines }, differences }, model, of);
}

/** All models of a comparison in the metric that speaks for the task, each with the paired difference of the reference to it. */
export function comparisonTable({ models, differences }: Comparison, reference: string, title: string): TextTable {
  const metric = headline(models[reference]!);
  const rows = Object.entries(models).map(([name, scores]) => {
    const difference = differences[differenceName(reference, name)];
    return [modelName(name), withInterval(scores[metric]), difference && difference.value !== null ? withInterval(difference, true) : ''];
  });
  return { title, header: ['', `${metricName(metric)} (95 %)`, `${modelName(reference)} minus it (95 %)`], rows };
}

/** The metric of every model in every fold, and its mean: what a table of published results shows. */
export function foldTable({ model, folds, metrics, baselines }: Crossval): TextTable {
  const metric = headline(metrics);
  const row = (name: string, total: NamedMetrics, of: (fold: Crossval['folds'][number]) => NamedMetrics | undefined) => [
    modelName(name),
    ...folds.map((fold) => plain(of(fold)?.[metric])),
    plain(total[metric]),
  ];
  return {
    title: `${metricName(metric)} by fold`,
    header: ['', ...folds.map(({ fold }) => `fold ${fold}`), 'mean'],
    rows: [
      row(model, metrics, (fold) => fold.metrics),
      ...Object.entries(baselines).map(([name, total]) => row(name, total, (fold) => fold.baselines[name])),
    ],
  };
}

/** All tables of a cross-validation: the total, each subgroup, each fold. */
export function crossvalTables(crossval: Crossval): readonly (TextTable | string)[] {
  return [
    modelTable(crossval, crossval.model, `${crossval.task}, all`),
    ...crossval.within.map((group) => {
      const title = `${group.column} = ${group.value}`;
      return 'reason' in group ? `${title}: not computed, ${group.reason}` : modelTable(group, crossval.model, title);
    }),
    foldTable(crossval),
  ];
}

/** Columns aligned by blanks, for a terminal. */
export function formatText({ title, header, rows }: TextTable): string {
  const all = [header, ...rows];
  const width = header.map((_, c) => Math.max(...all.map((row) => row[c]!.length)));
  return [...(title === undefined ? [] : [title]), ...all.map((row) => `  ${row.map((cell, c) => cell.padEnd(width[c]!)).join('  ').trimEnd()}`)].join('\n');
}

export function formatMarkdown({ title, header, rows }: TextTable): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [...(title === undefined ? [] : [`**${title}**`, '']), line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function headline(metrics: NamedMetrics): string {
  return HEADLINE.survival in metrics ? HEADLINE.survival : HEADLINE.classes;
}

function eventsOf(metric: NamedMetric | undefined): number | undefined {
  return metric && metric.value !== null ? metric.events : undefined;
}

function plain(metric: NamedMetric | undefined): string {
  return metric && metric.value !== null ? metric.value.toFixed(3) : 'not computed';
}

/** `0.832 (0.804 to 0.859)`; a difference with its sign. */
function withInterval(metric: NamedMetric | undefined, signed = false): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const show = (x: number) => `${signed && x >= 0 ? '+' : ''}${x.toFixed(3).replace('-', '−')}`;
  const { value, low, high, noInterval } = metric;
  return low === undefined || high === undefined ? `${show(value)} (no interval: ${noInterval ?? 'none was asked for'})` : `${show(value)} (${show(low)} to ${show(high)})`;
}
