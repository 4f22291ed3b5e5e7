import { sitesOf, type SiteRule } from '../cohort/clinical/sites.js';
import type { Cohort, Split } from '../cohort/types.js';
import { designMatrix, genesOf, logisticScores } from '../evaluation/baselines.js';
import { byName } from '../evaluation/score.js';
import { required } from '../files/errors.js';
import type { BatchLabels } from '../inference/batch.js';
import { cohortSamples } from '../inference/samples.js';
import { refuse, strataOfSizes, takeRows, type Estimate, type Metric } from '../metrics/bootstrap.js';
import { classAuc } from '../metrics/classification.js';
import { withIntervals } from '../metrics/intervals.js';
import { openRunFolder } from '../runs/run-folder.js';
import type { SiteProbe } from './file.js';
import type { EndedRun } from './fold-runs.js';
import { rowsBetween } from './means.js';
import type { SlideSummary } from './slides.js';

/** Patients of all folds together that a site must have to be told from others. */
const FEWEST = 10;
const METRIC = 'macroAuc';
/**
 * {@link probeSites} on the folds of a cross-validation, the first time that they are dealt, from the genes of both subspaces and from
 * the mean patch feature of the slides.
 * @param slides of each patient (`summariseSlides`)
 * @throws InputError where no site is known
 */
export async function probeRuns(
  cohort: Cohort,
  slides: ReadonlyMap<string, SlideSummary>,
  folds: readonly { readonly fold: number; readonly repeat?: number; readonly runs: readonly EndedRun[] }[],
  rule: SiteRule,
  seed: number,
): Promise<SiteProbe> {
  const { siteOf, unknown } = sitesOf(cohort.patients, rule);
  const known = new Map([...siteOf].filter(([id]) => !unknown.includes(id)));
  const probed = await Promise.all(
    folds.map(async ({ fold, repeat = 0, runs }): Promise<ProbedFold[]> => {
      const ended = runs.find(({ outcome }) => 'result' in outcome);
      if (repeat > 0 || !ended) return [];
      const run = await openRunFolder(ended.path);
      const samples = cohortSamples(cohort, run.model);
      return [
        {
          fold,
          split: await run.split(),
          inputs: { genes: (id) => genesOf(samples, id), 'mean patch feature': (id) => [required(slides, id).mean] },
        },
      ];
    }),
  );
  return probeSites(rule === 'site' ? 'the tissue source site' : rule.column, known, probed.flat(), seed);
}

/** One fold's parts; the inputs of each patient as arrays that are put side by side. */
export interface ProbedFold {
  readonly fold: number;
  readonly split: Pick<Split, 'train' | 'test'>;
  readonly inputs: Readonly<Record<string, (patient: string) => readonly Float32Array[]>>;
}

/**
 * Fits ridge logistic regression from each of the inputs to the site on the training patients of every fold, and scores it on the
 * test patients: the mean ROC area, one site against the rest, over the sites that a fold can both learn and test, then over folds.
 * Intervals are 95 % bootstrap by patient within folds; a resample judges the sites that it holds.
 * @param sites site of each patient; those with fewer than ten are left out
 */
export function probeSites(
  of: string,
  sites: ReadonlyMap<string, string>,
  folds: readonly ProbedFold[],
  seed: number,
): SiteProbe {
  const everyone = [...new Set(folds.flatMap(({ split: { train, test } }) => [...train, ...test]))];
  const sizes = new Map<string, number>();
  for (const site of everyone.flatMap((id) => sites.get(id) ?? [])) sizes.set(site, (sizes.get(site) ?? 0) + 1);
  const large = [...sizes].flatMap(([site, size]) => (size >= FEWEST ? [site] : [])).sort();
  if (large.length < 2)
    return { of, reason: `${large.length} of ${sizes.size} sites have ${FEWEST} patients; two are needed` };
  const belongs = (id: string) => large.includes(sites.get(id) ?? '');
  const patients = everyone.filter(belongs).length;
  const names = Object.keys(folds[0].inputs);
  const inputs = names.map((name) => {
    const scored = folds.flatMap(
      (fold) => scoreFold(fold, name, (id) => (belongs(id) ? sites.get(id) : undefined), seed) ?? [],
    );
    return [name, byName([meanOverFolds(scored, seed)])[METRIC]] as const;
  });
  return { of, sites: large, patients, leftOut: everyone.length - patients, inputs: Object.fromEntries(inputs) };
}

/** Test patients of a fold whose site was learnt: probabilities `[n, sites]` and the place of the true one `[n]`. */
interface ScoredFold {
  readonly labels: readonly number[];
  readonly probabilities: ArrayLike<number>;
  readonly sites: number;
}

/** Undefined where fewer than two sites are both in training and in test, as in folds that keep sites whole. */
function scoreFold(
  { split, inputs }: ProbedFold,
  name: string,
  siteOf: (id: string) => string | undefined,
  seed: number,
): ScoredFold | undefined {
  const known = [...new Set(split.train.flatMap((id) => siteOf(id) ?? []))].sort();
  const labelled = (ids: readonly string[]) => ids.filter((id) => known.includes(siteOf(id) ?? ''));
  const [train, test] = [labelled(split.train), labelled(split.test)];
  if (new Set(test.map(siteOf)).size < 2) return undefined;
  const label = (id: string) => known.indexOf(siteOf(id) ?? '');
  const columns = (ids: readonly string[]) => designMatrix(ids.map((id) => inputs[name](id)));
  const training: BatchLabels & { kind: 'classes' } = {
    kind: 'classes',
    labels: train.map(label),
    weights: known.map(() => 1),
  };
  return {
    labels: test.map(label),
    probabilities: logisticScores(columns(train), training, columns(test), seed),
    sites: known.length,
  };
}

function meanOverFolds(folds: readonly ScoredFold[], seed: number): Metric {
  const name = METRIC;
  if (folds.length === 0)
    return refuse(
      name,
      'no fold has patients of two sites in test that are in training too; folds that keep sites whole cannot be probed',
    );
  const sizes = folds.map(({ labels }) => labels.length);
  const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((sum, n) => sum + n, 0));
  const evaluate = (drawn: Uint32Array): Metric[] => {
    const areas = folds.map((fold, f) => macroAuc(fold, rowsBetween(drawn, starts[f], sizes[f])));
    const judged = areas.filter((area) => area !== undefined);
    if (judged.length < folds.length) return [refuse(name, 'all patients of a fold are of one site')];
    const value = judged.reduce((sum, area) => sum + area, 0) / judged.length;
    const estimator = `mean over ${folds.length} folds of the mean ROC area over sites, one versus rest`;
    return [{ name, value, estimator, ties: 'equal scores count 1/2', n: drawn.length }];
  };
  return withIntervals(evaluate, strataOfSizes(sizes), seed)[0];
}

/** The mean area over the sites that some of the rows are of, and some are not. */
function macroAuc({ labels, probabilities, sites }: ScoredFold, rows: Uint32Array): number | undefined {
  const truth = takeRows(labels, rows);
  const areas = [...new Set(truth)].map((site) =>
    classAuc(
      Float64Array.from(rows, (row) => probabilities[row * sites + site]),
      truth,
      site,
    ),
  );
  if (areas.length < 2) return undefined;
  return (areas as Estimate[]).reduce((sum, { value }) => sum + value, 0) / areas.length;
}
