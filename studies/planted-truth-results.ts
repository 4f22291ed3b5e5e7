/**
 * Writes the tables of docs/results.md from the runs of the study `planted-truth`:
 *
 *     npm run study -- planted-truth-results OUT
 *
 * A row is the whole method against itself with a part taken away or exchanged, or against a peer, on the same split of each cohort. The
 * interval and the p-value of the mean difference are Student's, over cohorts: they were drawn, and the models trained on them,
 * independently, so that patients, cohorts and training all count. P-values are adjusted by Holm's procedure over all rows.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { formatMarkdown } from '../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { holm, repeatedSplits, verdict } from '../packages/subspace-fusion/dist/metrics/index.js';
import { ceilings, fillPlaces, mean, studyArguments, three } from './shared.js';

const MARGIN = 0.01;
const FULL = 'subspace/full';
const PEERS = ['abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta'];

interface Comparison {
  readonly regime: string;
  readonly label: string;
  /** Model and variant. */
  readonly other: string;
}
const against = (regime: string, label: string, other: string): Comparison => ({ regime, label, other });

/** What each regime compares with the whole method. */
const COMPARISONS: readonly Comparison[] = [
  against('subspaces', 'one joint subspace', 'subspace/joint'),
  against('subspaces', 'the same genes in shuffled sets', 'subspace/shuffled-sets'),
  against('attention', 'plain cross attention', 'subspace/plain'),
  against('attention', 'no position bias', 'subspace/no-position-bias'),
  against('consistency', 'no consistency', 'subspace/no-consistency'),
  against('consistency', 'control: consistency of offsets alone', 'subspace/offsets'),
  against('coordination', 'no coordination', 'subspace/no-coordination'),
  against('coordination', 'control: who yields is drawn', 'subspace/random-coordination'),
  against('mixed', 'the published forms', 'subspace/reference'),
  ...PEERS.map((peer) => against('mixed', peer, `${peer}/full`)),
];

const [out = ''] = studyArguments('planted-truth-results OUT', 1);
const cohorts = readdirSync(out)
  .filter((name) => /^cohort-\d+$/.test(name))
  .sort();

const RUN = z.looseObject({ state: z.string(), model: z.string(), variant: z.string(), folder: z.string() });
type Run = z.infer<typeof RUN>;
const numberIn = (run: Run, column: string) => z.coerce.number().parse(run[column]);

/** The finished runs of a regime on each cohort by model and variant, and what could be attained there. */
function studies(regime: string) {
  return cohorts.flatMap((cohort) => {
    const folder = join(out, cohort, regime);
    if (!existsSync(join(folder, 'runs', 'comparison.json'))) return [];
    const rows = z.array(RUN).parse(parse(readFileSync(join(folder, 'runs', 'results.csv')), { columns: true }));
    const done = rows.filter(({ state }) => state === 'done');
    return [
      {
        attainable: ceilings(join(folder, 'cohort'))['both'] ?? NaN,
        byName: new Map(done.map((run) => [`${run.model}/${run.variant}`, run])),
        folderOf: (run: Run) => join(folder, 'runs', run.folder),
      },
    ];
  });
}

const signed = (x: number) => `${x >= 0 ? '+' : ''}${three(x)}`;
const percent = (x: number) => `${Math.round(100 * x)} %`.replace('-', '−');

/** One comparison in a regime or its twin, on the cohorts where both models are finished. */
function compare(regime: string, { label, other }: Comparison) {
  const pairs = studies(regime).flatMap(({ byName, attainable }) => {
    const [full, its] = [byName.get(FULL), byName.get(other)];
    if (!full || !its) return [];
    return [{ full: numberIn(full, 'concordanceIndex'), its: numberIn(its, 'concordanceIndex'), attainable }];
  });
  const differences = pairs.map(({ full, its }) => full - its);
  // No test patient is of another cohort's training: the plain t-test.
  const { mean: difference, pValue } = repeatedSplits('difference', differences, 1, 0);
  return { regime, label, pairs, differences, difference, pValue: pValue.value };
}

const compared = COMPARISONS.flatMap((comparison) =>
  [comparison.regime, ...(comparison.regime === 'mixed' ? [] : [`${comparison.regime}-twin`])].map((where) =>
    compare(where, comparison),
  ),
);
const tested = compared.filter(({ pValue }) => pValue !== null);
const adjusted = holm(tested.map(({ pValue }) => pValue ?? NaN));

function comparisonRow(comparison: (typeof compared)[number]): string[] {
  const { regime, label, pairs, differences, difference } = comparison;
  if (pairs.length === 0) return [regime, label, '0', 'not run', '', '', '', '', ''];
  const score = (of: 'full' | 'its') => {
    const fraction = mean(pairs.map((pair) => (pair[of] - 0.5) / (pair.attainable - 0.5)));
    return `${three(mean(pairs.map((pair) => pair[of])))} (${percent(fraction)})`;
  };
  const start = [regime, label, `${pairs.length}`, score('full'), score('its')];
  const each = differences.map(signed).join(', ');
  const p = adjusted[tested.indexOf(comparison)];
  if (p === undefined || difference.value === null || difference.low === undefined || difference.high === undefined)
    return [...start, signed(mean(differences)), each, '', 'undetermined'];
  const { value, low, high } = difference;
  const interval = `${signed(value)} (${signed(low)} to ${signed(high)})`;
  return [...start, interval, each, p < 0.001 ? '< 0.001' : p.toFixed(3), verdict(low, high, MARGIN, p)];
}

const EPOCH = z.object({
  epoch: z.number(),
  geneCodeRank: z.object({ tumour: z.number(), microenvironment: z.number() }).optional(),
});

/** The effective rank of a run's gene codes at its selected epoch. */
function geneCodeRank(run: Run, folder: string) {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const epochs = lines.map((line) => EPOCH.parse(JSON.parse(line)));
  return epochs.find(({ epoch }) => epoch === numberIn(run, 'selectedEpoch'))?.geneCodeRank;
}

/** The whole method in each regime next to what the simulator says of it, and the effective rank of its gene codes. */
function regimeRow(regime: string): string[] {
  const own = studies(regime).flatMap(({ byName, attainable, folderOf }) => {
    const run = byName.get(FULL);
    return run ? [{ run, attainable, rank: geneCodeRank(run, folderOf(run)) }] : [];
  });
  if (own.length === 0) return [regime, '0', 'not run', '', '', '', ''];
  const average = (column: string) => three(mean(own.map(({ run }) => numberIn(run, column))));
  const rankOf = (of: 'tumour' | 'microenvironment') => mean(own.map(({ rank }) => rank?.[of] ?? NaN)).toFixed(1);
  return [
    regime,
    `${own.length}`,
    three(mean(own.map(({ attainable }) => attainable))),
    average('concordanceIndex'),
    average('ridgeCox.concordanceIndex'),
    rankOf('tumour'),
    rankOf('microenvironment'),
  ];
}

const regimes = [...new Set(COMPARISONS.map(({ regime }) => regime))].flatMap((regime) => [regime, `${regime}-twin`]);
const runs = regimes.flatMap((regime) => studies(regime).flatMap(({ byName }) => [...byName.values()]));
const hours = runs.reduce((sum, run) => sum + numberIn(run, 'seconds'), 0) / 3600;
const compute = `${runs.length} finished trainings of ${cohorts.length} cohorts, ${hours.toFixed(1)} core hours (a thread each).`;

const tables: Readonly<Record<string, string>> = {
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
    rows: compared.map(comparisonRow),
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
const filled = fillPlaces('docs/results.md', (name) => tables[name]);
if (filled !== Object.keys(tables).length)
  throw new Error(`docs/results.md has ${filled} of the 3 places for the tables`);
console.log(compute);
