// Writes the tables of docs/results.md from the runs of scripts/planted-truth.mjs:
//
//   node scripts/planted-truth-results.mjs OUT
//
// A row is the whole method against itself with a part taken away or exchanged, or against a peer, on the same split of each cohort. The
// interval and the p-value of the mean difference are Student's, over cohorts: they were drawn, and the models trained on them,
// independently, so that patients, cohorts and training all count. P-values are adjusted by Holm's procedure over all rows.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { holm, repeatedSplits, verdict } from '../packages/subspace-fusion/dist/metrics/index.js';
import { formatMarkdown } from '../packages/subspace-fusion/dist/comparison/tables/index.js';

const MARGIN = 0.01;

/** What each regime compares with the whole method. */
const ROWS = [
  ['subspaces', 'one joint subspace', 'subspace/joint'],
  ['subspaces', 'the same genes in shuffled sets', 'subspace/shuffled-sets'],
  ['attention', 'plain cross attention', 'subspace/plain'],
  ['attention', 'no position bias', 'subspace/no-position-bias'],
  ['consistency', 'no consistency', 'subspace/no-consistency'],
  ['consistency', 'control: consistency of offsets alone', 'subspace/offsets'],
  ['coordination', 'no coordination', 'subspace/no-coordination'],
  ['coordination', 'control: who yields is drawn', 'subspace/random-coordination'],
  ['mixed', 'the published forms', 'subspace/reference'],
  ...['abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta'].map((peer) => [
    'mixed',
    peer,
    `${peer}/full`,
  ]),
];
const FULL = 'subspace/full';

const out = process.argv[2];
if (!out) {
  console.error('usage: node scripts/planted-truth-results.mjs OUT');
  process.exit(2);
}
const cohorts = readdirSync(out)
  .filter((name) => /^cohort-\d+$/.test(name))
  .sort();

/** The finished runs of a regime on each cohort by model and variant, and what could be attained there. */
function studies(regime) {
  return cohorts.flatMap((cohort) => {
    const runs = join(out, cohort, regime, 'runs');
    if (!existsSync(join(runs, 'comparison.json'))) return [];
    const rows = parse(readFileSync(join(runs, 'results.csv')), { columns: true }).filter(
      ({ state }) => state === 'done',
    );
    const { both } = JSON.parse(readFileSync(join(out, cohort, regime, 'cohort', 'truth.json'), 'utf8')).ceilings
      .population;
    return [
      {
        attainable: both,
        byName: Object.fromEntries(
          rows.map((row) => [`${row.model}/${row.variant}`, { ...row, folder: join(runs, row.folder) }]),
        ),
      },
    ];
  });
}

const mean = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;
const show = (x) => x.toFixed(3).replace('-', '−');
const signed = (x) => `${x >= 0 ? '+' : ''}${show(x)}`;
const percent = (x) => `${Math.round(100 * x)} %`.replace('-', '−');

/** One comparison in a regime or its twin, on the cohorts where both models are finished. */
function compare(regime, label, other) {
  const pairs = studies(regime).flatMap(({ byName, attainable }) => {
    const [full, its] = [byName[FULL], byName[other]].map((row) => row && Number(row.concordanceIndex));
    return full === undefined || its === undefined ? [] : [{ full, its, attainable }];
  });
  const differences = pairs.map(({ full, its }) => full - its);
  // No test patient is of another cohort's training: the plain t-test.
  return { regime, label, pairs, differences, ...repeatedSplits('difference', differences, 1, 0) };
}

const comparisons = ROWS.flatMap(([regime, label, other]) =>
  [regime, ...(regime === 'mixed' ? [] : [`${regime}-twin`])].map((where) => compare(where, label, other)),
);
const tested = comparisons.filter(({ pValue }) => pValue.value !== null);
const adjusted = holm(tested.map(({ pValue }) => pValue.value));

function comparisonRow(comparison) {
  const { regime, label, pairs, differences, mean: difference } = comparison;
  if (pairs.length === 0) return [regime, label, '0', 'not run', '', '', '', '', ''];
  const fraction = (of) => percent(mean(pairs.map((pair) => (pair[of] - 0.5) / (pair.attainable - 0.5))));
  const score = (of) => `${show(mean(pairs.map((pair) => pair[of])))} (${fraction(of)})`;
  const each = differences.map(signed).join(', ');
  const place = tested.indexOf(comparison);
  if (place < 0)
    return [
      regime,
      label,
      `${pairs.length}`,
      score('full'),
      score('its'),
      signed(mean(differences)),
      each,
      '',
      'undetermined',
    ];
  const p = adjusted[place];
  const interval = `${signed(difference.value)} (${signed(difference.low)} to ${signed(difference.high)})`;
  return [
    regime,
    label,
    `${pairs.length}`,
    score('full'),
    score('its'),
    interval,
    each,
    p < 0.001 ? '< 0.001' : p.toFixed(3),
    verdict(difference.low, difference.high, MARGIN, p),
  ];
}

/** The whole method in each regime beside what the simulator says of it, and the effective rank of its gene codes. */
function regimeRow(regime) {
  const own = studies(regime).filter(({ byName }) => byName[FULL]);
  if (own.length === 0) return [regime, '0', 'not run', '', '', '', ''];
  const full = own.map(({ byName }) => byName[FULL]);
  const ranks = full.map(({ folder, selectedEpoch }) => {
    const epochs = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return epochs.find(({ epoch }) => epoch === Number(selectedEpoch)).geneCodeRank;
  });
  const average = (values) => show(mean(values.map(Number)));
  return [
    regime,
    `${own.length}`,
    average(own.map(({ attainable }) => attainable)),
    average(full.map(({ concordanceIndex }) => concordanceIndex)),
    average(full.map((row) => row['ridgeCox.concordanceIndex'])),
    mean(ranks.map(({ tumour }) => tumour)).toFixed(1),
    mean(ranks.map(({ microenvironment }) => microenvironment)).toFixed(1),
  ];
}

const regimes = [...new Set(ROWS.map(([regime]) => regime))].flatMap((regime) => [regime, `${regime}-twin`]);
const seconds = regimes.flatMap((regime) =>
  studies(regime).flatMap(({ byName }) => Object.values(byName).map((row) => Number(row.seconds))),
);
const compute = `${seconds.length} finished trainings of ${cohorts.length} cohorts, ${(seconds.reduce((a, b) => a + b, 0) / 3600).toFixed(1)} core hours (a thread each).`;
const tables = {
  'planted comparisons': formatMarkdown({
    header: [
      'regime',
      'against',
      'cohorts',
      'whole method',
      'without or other',
      'difference (95 %)',
      'each cohort',
      'p, Holm',
      'this part',
    ],
    rows: comparisons.map(comparisonRow),
  }),
  'planted regimes': formatMarkdown({
    header: [
      'regime',
      'cohorts',
      'attainable',
      'whole method',
      'ridge Cox, genes',
      'rank of tumour codes',
      'rank of microenvironment codes',
    ],
    rows: regimes.map(regimeRow),
  }),
  'planted compute': compute,
};

const document = fileURLToPath(new URL('../docs/results.md', import.meta.url));
let text = readFileSync(document, 'utf8');
for (const [name, table] of Object.entries(tables)) {
  const from = `<!-- ${name} -->\n`;
  const [start, end] = [text.indexOf(from), text.indexOf('<!-- end -->', text.indexOf(from))];
  if (start < 0 || end < 0) throw new Error(`${document} has no place '${from.trim()}' … '<!-- end -->'`);
  text = `${text.slice(0, start + from.length)}${table}\n${text.slice(end)}`;
}
writeFileSync(document, text);
console.log(compute);
