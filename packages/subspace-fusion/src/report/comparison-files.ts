import { join } from 'node:path';
import { formatCsv, latexDocument, markdownDocument, type ComparedTask } from '../evaluation/tables/index.js';
import { writeFileAtomic } from '../files/atomic.js';
import { openPseudonyms, requireKeyApart } from '../files/pseudonyms.js';
import { renderComparison } from './comparison-page.js';

/** What a comparison is written as, beside its JSON. */
export const COMPARISON_FILES = ['comparison.csv', 'comparison.md', 'comparison.tex', 'comparison.html'] as const;

/**
 * Writes a comparison's tables into the folder that its run folders are in: as CSV, Markdown and LaTeX, and as an HTML page with forest
 * plots.
 * @param keyFile codes stand in them for patients, by this key (see `openPseudonyms`)
 * @returns their paths
 * @throws UserError where the key would lie beside them
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
