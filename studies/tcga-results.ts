/**
 * Records the cross-validations of the study `tcga-study` in studies/results, from which `results-page` makes docs/results.md:
 *
 *     npm run study -- tcga-results STUDY
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { holdsComparison, readComparisonFile } from '../packages/subspace-fusion/dist/comparison/file.js';
import { RECORDS, writeCrossValidation } from './results-page/data.js';
import { crossValidation } from './results-page/record.js';
import { studyArguments } from './shared.js';

const [study = ''] = studyArguments('tcga-results STUDY', 1);
for (const name of readdirSync(study)) {
  const folder = join(study, name);
  if (!(await holdsComparison(folder))) continue;
  const [task] = (await readComparisonFile(folder)).tasks;
  if (task) writeCrossValidation(RECORDS, crossValidation(name, task));
  console.log(`recorded ${name}`);
}
