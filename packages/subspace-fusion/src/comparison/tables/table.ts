import type { Difference, NamedMetric } from '../types.js';
import type { TableRun } from './compared-task.js';

/** `0.832 (0.804 to 0.859)`; a difference with its sign. Or why there is none. */
export function withInterval(metric: NamedMetric | undefined, signed = false): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const { value, low, high, noInterval } = metric;
  const show = (x: number) => number(x, signed);
  return low === undefined || high === undefined
    ? `${show(value)} (no interval: ${noInterval ?? 'none was asked for'})`
    : `${show(value)} (${show(low)} to ${show(high)})`;
}

/** The value alone. */
export function plain(metric: NamedMetric | undefined): string {
  return metric && metric.value !== null ? number(metric.value) : 'not computed';
}

/** With three decimals and a true minus sign. */
export function number(x: number, signed = false): string {
  const text = x.toFixed(3).replace(/^-(0\.000)$/, '$1');
  return `${signed && !text.startsWith('-') ? '+' : ''}${text.replace('-', '−')}`;
}

/** A p-value; empty where there is none. */
export function pValue(p: number | undefined): string {
  if (p === undefined) return '';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** What a paired difference says of the first model; empty where nothing was tested. */
export function verdictOf(difference: Difference | undefined): string {
  return difference && difference.value !== null ? (difference.verdict ?? '') : '';
}

const MODELS: Readonly<Record<string, string>> = {
  subspace: 'this method',
  ridgeCox: 'ridge Cox, same genes',
  ridgeLogistic: 'ridge logistic, same genes',
  elasticNet: 'elastic net, same genes',
  meanSlide: 'ridge, mean patch feature',
  age: 'age',
  ageSex: 'age + sex',
  idh: 'IDH',
  idhAge: 'IDH + age',
  ageDiagnosisGrade: 'age + diagnosis + grade',
  clinical: 'all clinical variables',
  permutedBags: 'its bags permuted',
};

const METRICS: Readonly<Record<string, string>> = {
  concordanceIndex: 'C-index',
  macroAuc: 'macro AUC',
  macroF1: 'macro F1',
  unoConcordance: "Uno's C",
  dynamicAuc: 'time-dependent AUC',
  integratedBrier: 'integrated Brier score',
  brier: 'Brier score',
};

/** A model's name in words; of `subspace/no-consistency`, a variant's too, and of `subspace + age` both models'. */
export function modelName(name: string): string {
  const part = (one: string) => {
    const [model, ...variant] = one.split('/');
    return [MODELS[model] ?? model, ...variant].join(', ');
  };
  return name.split(' + ').map(part).join(' with ');
}

/** A metric's name in words; of one that has none here, `expectedCalibrationError` becomes `expected calibration error`. */
export function metricName(name: string): string {
  const [, metric, argument] = /^(\w+)(?:\[(.+)\])?$/.exec(name) ?? [name, name];
  const words = METRICS[metric] ?? metric.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
  return argument === undefined ? words : `${words} at ${argument}`;
}

/** A table for people: its header and rows, all of one length. */
export interface Table {
  readonly title?: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The run folders that the numbers of each row come from. */
  readonly runs?: readonly (readonly TableRun[])[];
  /** What a reader has to know of the numbers. */
  readonly notes?: readonly string[];
}

/** Columns aligned by blanks, for a terminal. */
export function formatText({ title, header, rows, notes = [] }: Table): string {
  const all = [header, ...rows];
  const width = header.map((_, c) => Math.max(...all.map((row) => row[c].length)));
  const lines = all.map(
    (row) =>
      `  ${row
        .map((cell, c) => cell.padEnd(width[c]))
        .join('  ')
        .trimEnd()}`,
  );
  return [...(title === undefined ? [] : [title]), ...lines, ...notes.map((note) => `  Note: ${note}.`)].join('\n');
}

/** Markdown; the notes stand below. */
export function formatMarkdown({ title, header, rows, notes = [] }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [line(header), line(header.map(() => '---')), ...rows.map(line)];
  return [
    ...(title === undefined ? [] : [`**${title}**`, '']),
    ...table,
    ...notes.flatMap((note) => ['', `*Note: ${note}.*`]),
  ].join('\n');
}

/**
 * LaTeX with the rules of the package booktabs: a `tabular` in a `table`, the notes in its caption, the run folders of each row in
 * comments. Every character that LaTeX reads otherwise is escaped.
 */
export function formatLatex({ title = '', header, rows, runs = [], notes = [] }: Table): string {
  const line = (cells: readonly string[]) => `${cells.map(escapeLatex).join(' & ')} \\\\`;
  const caption = [title, ...notes.map((note) => `Note: ${note}`)]
    .filter((part) => part !== '')
    .map((part) => `${escapeLatex(part)}.`)
    .join(' ');
  const body = rows.flatMap((row, i) => [
    ...(runs[i]?.length ? [`% from ${runs[i].map(({ folder }) => folder).join(' ')}`] : []),
    line(row),
  ]);
  return [
    '\\begin{table}',
    `\\caption{${caption}}`,
    `\\begin{tabular}{l${'r'.repeat(header.length - 1)}}`,
    '\\toprule',
    line(header),
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
    '\\end{table}',
  ].join('\n');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '−': '$-$',
  '<': '$<$',
  '>': '$>$',
  '±': '$\\pm$',
  '≤': '$\\leq$',
  '≥': '$\\geq$',
  '|': '\\textbar{}',
  '"': "''",
};

/** Text as LaTeX sets it. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\{}&%$#_~^−<>±≤≥|"]/g, (character) => LATEX[character]).replaceAll(/\s+/g, ' ');
}
