import { describe, expect, it } from 'vitest';
import { escapeLatex, formatLatex, formatMarkdown, formatText, type Table } from './formats.js';

const table: Table = {
  title: 'A & B',
  header: ['', 'C-index (95 %)'],
  rows: [
    ['a|b_c', '−0.1 (±2)'],
    ['IDH + age', '0.7'],
  ],
  runs: [[{ model: 'a', fold: 0, seed: 1, folder: 'a_1/fold-0/seed-1' }], []],
  notes: ['fold 2 chose the model'],
};

describe('a table', () => {
  it('is LaTeX with the rules of booktabs, escaped, with its run folders in comments', () => {
    expect(formatLatex(table)).toBe(String.raw`\begin{table}
\caption{A \& B. Note: fold 2 chose the model.}
\begin{tabular}{lr}
\toprule
 & C-index (95 \%) \\
\midrule
% from a_1/fold-0/seed-1
a\textbar{}b\_c & $-$0.1 ($\pm$2) \\
IDH + age & 0.7 \\
\bottomrule
\end{tabular}
\end{table}`);
    expect(escapeLatex(String.raw`\input{x} 50% #1 $a^2 ~`)).toBe(
      String.raw`\textbackslash{}input\{x\} 50\% \#1 \$a\textasciicircum{}2 \textasciitilde{}`,
    );
  });

  it('is Markdown and text, with its notes', () => {
    expect(formatMarkdown(table)).toBe(
      '**A & B**\n\n|  | C-index (95 %) |\n| --- | --- |\n| a\\|b_c | −0.1 (±2) |\n| IDH + age | 0.7 |\n\n*Note: fold 2 chose the model.*',
    );
    expect(formatText(table).split('\n').at(-1)).toBe('  Note: fold 2 chose the model.');
  });
});
