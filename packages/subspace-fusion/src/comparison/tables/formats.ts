import { maxOf } from '../../files/lists.js';
import type { TableRun } from '../scopes.js';

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
  const width = header.map((_, c) => maxOf(all.map((row) => row[c].length)));
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
