/**
 * Makes the tables of docs/results.md anew from the records in studies/results:
 *
 *     npm run study -- results-page
 *
 * `planted-truth-results` and `tcga-results` write the records from finished trainings.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readRecords, RECORDS } from './results-page/data.js';
import { PAGE, withResults } from './results-page/page.js';

writeFileSync(PAGE, withResults(readFileSync(PAGE, 'utf8'), readRecords(RECORDS)));
console.log(`${PAGE} is made from ${RECORDS}`);
