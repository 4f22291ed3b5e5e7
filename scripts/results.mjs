// Writes the tables of docs/results.md from the cross-validations of scripts/tcga-study.mjs:
//
//   node scripts/results.mjs STUDY
//
// Between `<!-- table: FOLDER -->` and `<!-- end -->` of the document go the tables of STUDY/FOLDER/crossval.json, between
// `<!-- summary: FOLDER FOLDER … -->` and `<!-- end -->` one row for each. A folder that is not there is said to be not run.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  crossvalTables,
  crossvalTask,
  formatMarkdown,
  modelsTable,
} from '../packages/subspace-fusion/dist/comparison/tables/index.js';

/** What must hold: the paired difference to ridge regression has its lower 95 % bound above this. */
const BOUND = -0.05;

const study = process.argv[2];
if (!study) {
  console.error('usage: node scripts/results.mjs STUDY');
  process.exit(2);
}
const document = fileURLToPath(new URL('../docs/results.md', import.meta.url));

function read(folder) {
  const file = join(study, folder, 'crossval.json');
  // The keys of differences once had a true minus sign.
  const later = { model: 'subspace', notes: [], subgroups: [], worstPredicted: [] }; // what older files do not have
  return existsSync(file)
    ? { ...later, ...JSON.parse(readFileSync(file, 'utf8').replaceAll(' − ', ' - ')) }
    : undefined;
}

function tablesOf(folder) {
  const crossval = read(folder);
  if (!crossval) return '*Not run.*';
  return [
    provenance(folder, crossval),
    ...crossvalTables(crossval).map((table) =>
      typeof table === 'string' ? `*${table}.*` : formatMarkdown(withoutEmptyColumns(table)),
    ),
  ].join('\n\n');
}

/** Older files have neither p-values nor verdicts. */
function withoutEmptyColumns({ header, rows, ...table }) {
  const full = header.map((_, c) => rows.some((row) => row[c] !== ''));
  const keep = (cells) => cells.filter((_, c) => full[c]);
  return { ...table, header: keep(header), rows: rows.map(keep) };
}

/** A row for each cross-validation: this model, ridge regression, and whether the difference is what it has to be. */
function summary(folders) {
  const rows = folders.map((folder) => {
    const crossval = read(folder);
    if (!crossval) return [folder, 'not run', '', '', ''];
    const task = crossvalTask(crossval);
    const { header, rows } = modelsTable(task, task.scopes[0]);
    const [own] = rows;
    const ridge = rows.find(([name]) => name.startsWith('ridge'));
    const { low } = Object.entries(crossval.differences).find(([name]) => name.includes('ridge'))[1];
    return [folder, `${header[1].replace(' (95 %)', '')} ${own[1]}`, ridge[1], ridge[2], low > BOUND ? 'yes' : 'no'];
  });
  return formatMarkdown({
    header: [
      '',
      'this method (95 %)',
      'ridge, same genes (95 %)',
      'paired difference (95 %)',
      `lower bound above −${-BOUND}`,
    ],
    rows,
  });
}

/** Which trainings the tables are of; each is a run folder with its config, predictions and result. */
function provenance(folder, { folds, seeds }) {
  const runs = folds.flatMap(({ runs }) => runs);
  const controls = [...new Set(runs.flatMap(({ seed, control }) => (control === undefined ? [] : [seed])))];
  const failed = runs
    .filter(({ failure }) => failure !== undefined)
    .map(({ folder: run, failure }) => `${run} (${failure})`);
  return [
    `From \`${folder}/crossval.json\`: ${folds.length} folds, seed${seeds.length > 1 ? 's' : ''} ${seeds.join(', ')}, run folders \`${folder}/fold-K/seed-S\``,
    controls.length > 0
      ? `; permuted bags: seed${controls.length > 1 ? 's' : ''} ${controls.join(', ')}, \`${folder}/fold-K/permuted-bags-seed-S\``
      : '',
    failed.length > 0 ? `; failed: ${failed.join(', ')}` : '',
    '.',
  ].join('');
}

const makers = { table: ([folder]) => tablesOf(folder), summary };
const text = readFileSync(document, 'utf8');
let places = 0;
const written = text.replace(
  /(<!-- (table|summary): (.*?) -->)[^]*?(<!-- end -->)/g,
  (_, start, kind, folders, end) => {
    places++;
    return `${start}\n${makers[kind](folders.split(' '))}\n${end}`;
  },
);
writeFileSync(document, written);
console.log(`${document}: ${places} places filled from ${study}`);
