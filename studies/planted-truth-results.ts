/**
 * Records the runs of the study `planted-truth` in studies/results, from which `results-page` makes docs/results.md:
 *
 *     npm run study -- planted-truth-results OUT
 *
 * A row is the whole method against itself with a part taken away or exchanged, against a peer, or against ridge regression on the genes, on
 * the same split of each cohort.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { RECORDS, writePlantedTruth } from './results-page/data.js';
import { RIDGE } from './results-page/planted.js';
import { sourceOf } from './results-page/record.js';
import { ceilings, mean, studyArguments } from './shared.js';

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

type Study = ReturnType<typeof studies>[number];

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

/** A comparison of C-indices in one regime or twin, on the cohorts where both are there; none where fewer than two are. */
function compared(regime: string, against: string, scoresOf: (study: Study) => Scores | undefined) {
  const pairs = studies(regime).flatMap((study) => {
    const scores = scoresOf(study);
    return scores ? [{ ...scores, attainable: study.attainable }] : [];
  });
  if (pairs.length < 2) return [];
  const score = (of: keyof Scores) => ({
    concordanceIndex: mean(pairs.map((pair) => pair[of])),
    attained: mean(pairs.map((pair) => (pair[of] - 0.5) / (pair.attainable - 0.5))),
  });
  const differences = pairs.map(({ whole, other }) => whole - other);
  return [{ regime, against, wholeMethod: score('whole'), other: score('other'), differences }];
}

interface Scores {
  readonly whole: number;
  readonly other: number;
}
const WHOLE = 'concordanceIndex';
const RIDGE_COX = 'ridgeCox.concordanceIndex';

const againstModel = (regime: string, { label, other: name }: Comparison) =>
  compared(regime, label, ({ byName }) => {
    const [full, other] = [byName.get(FULL), byName.get(name)];
    return full && other ? { whole: numberIn(full, WHOLE), other: numberIn(other, WHOLE) } : undefined;
  });

const againstRidge = (regime: string) =>
  compared(regime, RIDGE, ({ byName }) => {
    const full = byName.get(FULL);
    return full ? { whole: numberIn(full, WHOLE), other: numberIn(full, RIDGE_COX) } : undefined;
  });

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

/** The whole method in a regime next to what the simulator says of it, and the effective rank of its gene codes. */
function regimeMeans(regime: string) {
  const own = studies(regime).flatMap(({ byName, attainable, folderOf }) => {
    const run = byName.get(FULL);
    return run ? [{ run, attainable, rank: geneCodeRank(run, folderOf(run)) }] : [];
  });
  if (own.length === 0) return [];
  const average = (column: string) => mean(own.map(({ run }) => numberIn(run, column)));
  const rankOf = (of: 'tumour' | 'microenvironment') => mean(own.map(({ rank }) => rank?.[of] ?? NaN));
  return [
    {
      regime,
      attainable: mean(own.map(({ attainable }) => attainable)),
      wholeMethod: average(WHOLE),
      ridgeCox: average(RIDGE_COX),
      rankTumour: rankOf('tumour'),
      rankMicroenvironment: rankOf('microenvironment'),
    },
  ];
}

const regimes = [...new Set(COMPARISONS.map(({ regime }) => regime))].flatMap((regime) => [regime, `${regime}-twin`]);
const runs = regimes.flatMap((regime) => studies(regime).flatMap(({ byName }) => [...byName.values()]));
const comparisons = COMPARISONS.flatMap((comparison) =>
  [comparison.regime, `${comparison.regime}-twin`].flatMap((regime) => againstModel(regime, comparison)),
);

writePlantedTruth(RECORDS, {
  source: sourceOf('npm run study -- planted-truth OUT'),
  cohorts: cohorts.map((name) => Number(name.replace('cohort-', ''))),
  trainings: runs.length,
  coreHours: runs.reduce((sum, run) => sum + numberIn(run, 'seconds'), 0) / 3600,
  comparisons: [...comparisons, ...regimes.flatMap(againstRidge)],
  regimes: regimes.flatMap(regimeMeans),
});
console.log(`recorded ${runs.length} finished trainings of ${cohorts.length} cohorts`);
