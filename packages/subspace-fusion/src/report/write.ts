import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import { openPseudonyms, requireKeyApart } from '../files/pseudonyms.js';
import { openRunFolder, RUN_FILES } from '../runs/run-folder.js';
import { explainMissing, mostAndLeastCertain } from './explanations.js';
import { asPredictions, evaluated } from './from-run.js';
import { renderModelCard } from './model-card.js';
import { isComparison, readReport } from './read.js';
import { renderReport } from './report.js';
import { pseudonymised } from './withheld.js';

export interface ReportOptions {
  /** Where to write; `report.html` in the folder by default. The model card goes beside it. */
  readonly out?: string | undefined;
  /** So many patients of whom the model is most certain, and as many of whom it is least, are explained first where they are not yet. */
  readonly explain?: number | undefined;
  /** File with the key of the patients' codes, which is made where it is missing. */
  readonly pseudonyms?: string | undefined;
  readonly onExplained?: (done: number, of: number) => void;
}

/**
 * Writes the report of a run or a cross-validation and its model card; returns their paths.
 * @throws InputError where the folder holds neither, where single patients of a cross-validation are to be explained, and where the key would lie
 * beside the report.
 */
export async function writeReport(
  folder: string,
  { out, explain, pseudonyms, onExplained }: ReportOptions = {},
): Promise<string[]> {
  const page = out ?? join(folder, 'report.html');
  if (pseudonyms !== undefined) requireKeyApart(pseudonyms, dirname(page));
  const comparison = await isComparison(folder);
  if (explain !== undefined) {
    if (comparison)
      throw new InputError(
        `${folder}: is a comparison of many models. Explain patients with \`subspace explain\` and the folder of one of its runs, as in ${join(folder, 'fold-0', 'seed-1')}.`,
      );
    const run = await openRunFolder(folder);
    const predictions = asPredictions(run.model, evaluated(run, RUN_FILES.predictions, await run.predictions()));
    await explainMissing(run, mostAndLeastCertain(predictions, explain), onExplained);
  }
  const { input, patients } = await readReport(folder);
  const shown = pseudonyms === undefined ? input : pseudonymised(input, await openPseudonyms(pseudonyms, patients));
  const card = join(dirname(page), 'model-card.md');
  await writeFileAtomic(page, renderReport(shown));
  await writeFileAtomic(card, renderModelCard(shown));
  return [page, card];
}
