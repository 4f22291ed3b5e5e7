/**
 * Writes the tables of docs/results.md from the cross-validations of the study `tcga-study`:
 *
 *     npm run study -- tcga-results STUDY
 *
 * Between `<!-- table: FOLDER -->` and `<!-- end -->` of the document go the tables of the cross-validation in STUDY/FOLDER, between
 * `<!-- summary: FOLDER FOLDER … -->` and `<!-- end -->` one row for each. A folder that is not there is reported as not run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  holdsComparison,
  readComparisonFile,
  type TaskComparison,
} from '../packages/subspace-fusion/dist/comparison/file.js';
import { everyone } from '../packages/subspace-fusion/dist/comparison/scopes.js';
import { modelsTable, shortTables } from '../packages/subspace-fusion/dist/comparison/tables/build.js';
import { formatMarkdown, type Table } from '../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { foldsInWords } from '../packages/subspace-fusion/dist/words/comparison.js';
import { fillPlaces, studyArguments } from './shared.js';

/** What must hold: the paired difference to ridge regression has its lower 95 % bound above this. */
const BOUND = -0.05;

const [study = ''] = studyArguments('tcga-results STUDY', 1);

const found = new Map<string, TaskComparison | undefined>();
for (const folder of existsSync(study) ? readdirSync(study) : [])
  if (await holdsComparison(join(study, folder)))
    found.set(folder, (await readComparisonFile(join(study, folder))).tasks[0]);

function tablesOf(folder: string): string {
  const task = found.get(folder);
  if (!task) return '*Not run.*';
  const tables = shortTables(task).map((table) =>
    typeof table === 'string' ? `*${table}.*` : formatMarkdown(withoutEmptyColumns(table)),
  );
  return [provenance(folder, task), ...tables].join('\n\n');
}

function withoutEmptyColumns({ header, rows, ...table }: Table): Table {
  const full = header.map((_, c) => rows.some((row) => row[c] !== ''));
  const keep = (cells: readonly string[]) => cells.filter((_, c) => full[c]);
  return { ...table, header: keep(header), rows: rows.map(keep) };
}

/** A row for each cross-validation: this model, ridge regression, and whether the difference is what it has to be. */
function summary(folders: readonly string[]): string {
  const rows = folders.map((folder) => {
    const task = found.get(folder);
    if (!task) return [folder, 'not run', '', '', ''];
    const { header, rows } = modelsTable(task, everyone(task));
    const [own] = rows;
    const ridge = rows.find(([name]) => name?.startsWith('ridge'));
    const [, difference] = Object.entries(task.differences).find(([name]) => name.includes('ridge')) ?? [];
    const low = difference && 'low' in difference ? difference.low : undefined;
    const metric = header[1]?.replace(' (95 %)', '') ?? '';
    const holds = low !== undefined && low > BOUND ? 'yes' : 'no';
    return [folder, `${metric} ${own?.[1] ?? ''}`, ridge?.[1] ?? '', ridge?.[2] ?? '', holds];
  });
  const bound = `lower bound above −${-BOUND}`;
  const header = ['', 'this method (95 %)', 'ridge, same genes (95 %)', 'paired difference (95 %)', bound];
  return formatMarkdown({ header, rows });
}

/** Which trainings the tables are of; each is a run folder with its config, predictions and result. */
function provenance(folder: string, { folds, seeds }: TaskComparison): string {
  const runs = folds.flatMap(({ runs }) => runs);
  const controls = [...new Set(runs.flatMap((run) => (run.control === undefined ? [] : [run.seed])))];
  const failed = runs.flatMap(({ folder: run, failure }) => (failure === undefined ? [] : [`${run} (${failure})`]));
  const several = (list: readonly unknown[]) => (list.length > 1 ? 's' : '');
  return [
    `From \`${folder}\`: ${foldsInWords(folds)}, seed${several(seeds)} ${seeds.join(', ')}, run folders \`${folder}/fold-K/seed-S\``,
    controls.length > 0
      ? `; permuted bags: seed${several(controls)} ${controls.join(', ')}, \`${folder}/fold-K/permuted-bags-seed-S\``
      : '',
    failed.length > 0 ? `; failed: ${failed.join(', ')}` : '',
    '.',
  ].join('');
}

const places = fillPlaces('docs/results.md', (name) => {
  const [kind, folders] = name.split(': ');
  if (kind === 'table') return tablesOf(folders ?? '');
  return kind === 'summary' ? summary((folders ?? '').split(' ')) : undefined;
});
console.log(`docs/results.md: ${places} places filled from ${study}`);
