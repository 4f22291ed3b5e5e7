import { join } from 'node:path';
import { formatCsv, latexDocument, markdownDocument, type ComparedTask } from '../evaluation/tables/index.js';
import { writeFileAtomic } from '../files/atomic.js';
import { renderComparison } from './comparison-page.js';

/** What a comparison is written as, beside its JSON. */
export const COMPARISON_FILES = ['comparison.csv', 'comparison.md', 'comparison.tex', 'comparison.html'] as const;

/**
 * Writes a comparison's tables into the folder that its run folders are in: as CSV, Markdown and LaTeX, and as an HTML page with forest
 * plots. @returns their paths
 */
export async function writeComparison(out: string, title: string, tasks: readonly ComparedTask[]): Promise<string[]> {
  const contents: Record<(typeof COMPARISON_FILES)[number], string> = {
    'comparison.csv': formatCsv(tasks),
    'comparison.md': markdownDocument(title, tasks),
    'comparison.tex': latexDocument(title, tasks),
    'comparison.html': renderComparison(title, tasks),
  };
  await Promise.all(COMPARISON_FILES.map((name) => writeFileAtomic(join(out, name), contents[name])));
  return COMPARISON_FILES.map((name) => join(out, name));
}
