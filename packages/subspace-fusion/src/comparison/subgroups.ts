import { sitesOf, type SiteRule } from '../cohort/clinical/sites.js';
import { readVariable } from '../cohort/clinical/variables.js';
import type { Patient } from '../cohort/types.js';
import type { ScoredRuns, SurvivalPrediction } from '../evaluation/baselines.js';
import { byName } from '../evaluation/score.js';
import { InputError, required } from '../files/errors.js';
import { bootstrap, percentileIntervals, refuse, takeRows, type Metric } from '../metrics/bootstrap.js';
import { classAucs } from '../metrics/classification.js';
import { concordance } from '../metrics/concordance.js';
import { foldName } from '../words/comparison.js';
import type { SubgroupScore } from './file.js';
import { HEADLINE } from './fold-metrics.js';
import {
  classesOf,
  countDeaths,
  countPatients,
  runsOf,
  survivalOf,
  testsPerPatient,
  type FoldScores,
  type ModelScores,
  type Truth,
} from './fold-scores.js';
import { drawingUnits } from './means.js';

/** Patients whose clinical column holds a value. */
export interface Subgroup {
  readonly column: string;
  readonly value: string;
}

/** So many deaths, or patients of each class, there must be; with fewer a metric is mostly chance. */
const FEWEST = 5;

/**
 * The patients of a subgroup in every fold. Of a class task only the classes that occur among them are left, the probabilities
 * divided by their sum over those: which of them it is, given that it is one of them.
 * @param belongs whether a patient is of the subgroup
 * @returns or why the subgroup cannot be scored
 */
export function withinSubgroup(
  folds: readonly FoldScores[],
  belongs: (patient: string) => boolean,
): readonly FoldScores[] | { readonly reason: string } {
  const kept = folds.map((fold) => keepPatients(fold, belongs));
  if (kept.every(({ patients }) => patients.length === 0)) return { reason: 'no patient of the cohort is in it' };
  const present = new Set(
    kept.flatMap(({ truth }) => (truth.kind === 'classes' ? truth.labels.map((label) => truth.classes[label]) : [])),
  );
  if (kept[0].truth.kind === 'classes' && present.size < 2)
    return { reason: `all patients are of the class '${[...present].join('')}'` };
  const restricted = kept.map((fold) => keepClasses(fold, present));
  for (const fold of restricted) {
    const { patients, truth } = fold;
    const lacking = tooFew(truth);
    if (lacking !== undefined)
      return {
        reason: `${foldName(fold)} has ${lacking} among its ${patients.length} such patients; ${FEWEST} are needed`,
      };
  }
  return restricted;
}

/** The patients of a fold who belong. */
function keepPatients(fold: FoldScores, belongs: (patient: string) => boolean): FoldScores {
  const { patients, truth, models } = fold;
  const rows = patients.flatMap((id, row) => (belongs(id) ? [row] : []));
  const width = truth.kind === 'classes' ? truth.classes.length : 1;
  const takeScores = (run: ArrayLike<number>) =>
    rows.flatMap((row) => Array.from({ length: width }, (_, c) => run[row * width + c]));
  const take = <T>(values: readonly T[]) => rows.map((row) => values[row]);
  const taken: Truth =
    truth.kind === 'classes'
      ? { ...truth, labels: take(truth.labels) }
      : { ...truth, time: take(truth.time), event: take(truth.event) };
  return { ...fold, patients: take(patients), truth: taken, models: mapRuns(models, takeScores, rows) };
}

/** Of a class task the classes that are present, the probabilities divided by their sum over those. */
function keepClasses(fold: FoldScores, present: ReadonlySet<string>): FoldScores {
  const { truth } = fold;
  if (truth.kind === 'survival') return fold;
  const columns = truth.classes.flatMap((name, c) => (present.has(name) ? [c] : []));
  const C = truth.classes.length;
  const takeColumns = (run: ArrayLike<number>) =>
    fold.patients.flatMap((_, row) => {
      const p = columns.map((c) => run[row * C + c]);
      const sum = p.reduce((a, b) => a + b, 0);
      return p.map((value) => value / (sum || 1));
    });
  const labels = truth.labels.map((label) => columns.indexOf(label));
  return {
    ...fold,
    truth: { kind: 'classes', labels, classes: columns.map((c) => truth.classes[c]) },
    models: mapRuns(fold.models, takeColumns),
  };
}

/** @param rows the patients that are kept; all by default */
function mapRuns(
  models: FoldScores['models'],
  change: (run: ArrayLike<number>) => ArrayLike<number>,
  rows?: readonly number[],
): Record<string, ModelScores> {
  const kept = (run: SurvivalPrediction): SurvivalPrediction => ({
    until: run.until,
    at: (row, time) => run.at(rows ? rows[row] : row, time),
  });
  const mapped = ({ runs, survival }: ScoredRuns): ScoredRuns => ({
    runs: runs.map(change),
    ...(survival ? { survival: survival.map(kept) } : {}),
  });
  return Object.fromEntries(
    Object.entries(models).map(([name, scores]) => [name, 'reason' in scores ? scores : mapped(scores)]),
  );
}

/** What a fold has too few of, in words. */
function tooFew(truth: Truth): string | undefined {
  if (truth.kind === 'survival') {
    const deaths = truth.event.filter(Boolean).length;
    return deaths < FEWEST ? `${deaths} deaths` : undefined;
  }
  const counts = truth.classes.map((name, c) => [name, truth.labels.filter((label) => label === c).length] as const);
  const least = counts.find(([, count]) => count < FEWEST);
  return least && `${least[1]} of the class '${least[0]}'`;
}

const RESAMPLES = 200;
/** Test patients that a site must have to be shown alone. */
const SITE_PATIENTS = 20;

/** The group of a patient, undefined where nobody knows. */
const GROUPS: Readonly<Record<Exclude<SubgroupScore['by'], 'site'>, (patient: Patient) => string | undefined>> = {
  grade: ({ clinical }) => asText(readVariable(clinical, 'grade')),
  idh: ({ clinical }) => asText(readVariable(clinical, 'idh')),
  sex: ({ clinical }) => asText(readVariable(clinical, 'sex')),
  age({ clinical }) {
    const age = readVariable(clinical, 'age') as number | undefined;
    if (age === undefined) return undefined;
    return age < 40 ? 'under 40' : age <= 60 ? '40 to 60' : 'over 60';
  },
};

const BY = ['grade', 'idh', 'sex', 'age', 'site'] as const;

const asText = (value: string | number | boolean | undefined) => (value === undefined ? undefined : String(value));

/**
 * The first model by grade, IDH status, sex, age and site, as far as they are known, in the metric that speaks for the task:
 * pairs of patients are compared within folds and seeds, and counted over all folds, since a fold has few patients of a group. Intervals
 * are 95 % bootstrap by patient of 200 resamples. Grouping by what everybody has alike is left out.
 * @param cohort holds the patients of the folds
 * @param rule what a site is; by default that of a TCGA barcode
 */
export function scoreSubgroups(
  folds: readonly FoldScores[],
  model: string,
  cohort: readonly Patient[],
  rule: SiteRule | undefined,
  seed: number,
): SubgroupScore[] {
  const patients = new Map(cohort.map((patient) => [patient.id, patient]));
  const siteOf = knownSites(cohort, rule);
  const own = folds.map((fold) => ({ ...fold, models: { [model]: fold.models[model] } }));
  const tested = [...new Set(folds.flatMap((fold) => fold.patients))];
  return BY.flatMap((by) => {
    const groupOf = (id: string) => (by === 'site' ? siteOf.get(id) : GROUPS[by](required(patients, id)));
    const sizes = new Map<string, number>();
    for (const id of tested) {
      const group = groupOf(id);
      if (group !== undefined) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    }
    if (sizes.size < 2) return [];
    const all = [...sizes].sort(([a], [b]) => a.localeCompare(b));
    const shown = all.filter(([, size]) => by !== 'site' || size >= SITE_PATIENTS);
    const scored = shown.map(([group, size]): SubgroupScore => {
      const metric = scoreGroup(own, model, (id) => groupOf(id) === group, seed);
      return { by, group, patients: size, metric: byName([metric])[metric.name] };
    });
    return shown.length === all.length
      ? scored
      : [...scored, otherSites(all.filter(([group]) => !shown.some(([name]) => name === group)))];
  });
}

/** Sites of the patients of whom they are known; nobody's where ids are no barcodes. */
function knownSites(patients: readonly Patient[], rule: SiteRule = 'site'): ReadonlyMap<string, string> {
  try {
    const { siteOf, unknown } = sitesOf(patients, rule);
    const nobody = new Set(unknown);
    return new Map([...siteOf].filter(([id]) => !nobody.has(id)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return new Map();
  }
}

function otherSites(few: readonly (readonly [string, number])[]): SubgroupScore {
  const patients = few.reduce((sum, [, size]) => sum + size, 0);
  return {
    by: 'site',
    group: 'others',
    patients,
    sites: few.length,
    metric: { value: null, reason: `each has fewer than ${SITE_PATIENTS} test patients` },
  };
}

function scoreGroup(
  folds: readonly FoldScores[],
  model: string,
  belongs: (patient: string) => boolean,
  seed: number,
): Metric {
  const kept = folds.map((fold) => keepPatients(fold, belongs)).filter(({ patients }) => patients.length > 0);
  const { kind } = kept[0].truth;
  const name = HEADLINE[kind];
  if (kind === 'classes') {
    const counts = countClasses(kept);
    const present = new Set([...counts].filter(([, n]) => n >= FEWEST).map(([label]) => label));
    if (present.size < 2)
      return refuse(
        name,
        `${[...counts].map(([label, n]) => `${n} of the class '${label}'`).join(', ')}: two classes with ${FEWEST} are needed`,
      );
    const judged = kept
      .map((fold) => keepClasses(keepLabels(fold, present), present))
      .filter(({ patients }) => patients.length > 0);
    return countedOnce(judged, resampledPairs(judged, model, seed, aucOverFolds));
  }
  const deaths = countDeaths(kept);
  if (deaths < FEWEST) return refuse(name, `${deaths} deaths; ${FEWEST} are needed`);
  return countedOnce(kept, resampledPairs(kept, model, seed, concordanceOverFolds));
}

/** The numbers of patients, deaths and pairs of a metric over folds, each counted once however often they are tested. */
function countedOnce(folds: readonly FoldScores[], metric: Metric): Metric {
  if (metric.value === null) return metric;
  const { events, comparablePairs } = metric;
  return {
    ...metric,
    n: countPatients(folds),
    ...(events === undefined ? {} : { events: countDeaths(folds) }),
    ...(comparablePairs === undefined ? {} : { comparablePairs: Math.round(comparablePairs / testsPerPatient(folds)) }),
  };
}

/** Patients of each class, each counted once however often they are tested. */
function countClasses(folds: readonly FoldScores[]): Map<string, number> {
  const classOf = new Map<string, string>();
  for (const fold of folds) {
    const { labels, classes } = classesOf(fold);
    fold.patients.forEach((id, row) => classOf.set(id, classes[labels[row]]));
  }
  const counts = new Map<string, number>();
  for (const name of classOf.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Patients of classes with too few are left out: the area of such a class would be chance. */
function keepLabels(fold: FoldScores, present: ReadonlySet<string>): FoldScores {
  const { labels, classes } = classesOf(fold);
  const rows = new Map(fold.patients.map((id, row) => [id, row]));
  return keepPatients(fold, (id) => present.has(classes[labels[required(rows, id)]]));
}

type OverFolds = (folds: readonly FoldScores[], model: string, rows: readonly Uint32Array[]) => Metric;

function resampledPairs(folds: readonly FoldScores[], model: string, seed: number, score: OverFolds): Metric {
  const silent = folds.map(({ models }) => models[model]).find((scores) => 'reason' in scores);
  if (silent && 'reason' in silent) return refuse(HEADLINE[folds[0].truth.kind], silent.reason);
  const units = drawingUnits(folds);
  return percentileIntervals(
    bootstrap((drawn) => [score(folds, model, units.rowsOf(drawn))], units.sizes, seed, RESAMPLES),
  )[0];
}

/** `Σ_folds (concordant + tied/2) / Σ_folds comparable`, the mean over runs in each sum. */
function concordanceOverFolds(folds: readonly FoldScores[], model: string, rows: readonly Uint32Array[]): Metric {
  const [n, events] = [
    rows.reduce((sum, own) => sum + own.length, 0),
    folds.reduce((sum, fold, f) => sum + takeRows(survivalOf(fold).event, rows[f]).reduce((a, b) => a + b, 0), 0),
  ];
  let agreeing = 0;
  let comparable = 0;
  folds.forEach((fold, f) => {
    const truth = survivalOf(fold);
    const [time, event] = [takeRows(truth.time, rows[f]), takeRows(truth.event, rows[f])];
    const runs = runsOf(fold, model);
    runs.forEach((run) => {
      const pairs = concordance(time, event, takeRows(run, rows[f]));
      agreeing += (pairs.concordant + pairs.tiedRisk / 2) / runs.length;
      comparable += pairs.comparable / runs.length;
    });
  });
  const name = HEADLINE.survival;
  if (comparable === 0) return refuse(name, `no comparable pair among ${n} patients with ${events} deaths`);
  const estimator = "Harrell's C over the pairs within folds";
  return {
    name,
    value: agreeing / comparable,
    estimator,
    ties: 'risks within 1e-8 count 1/2',
    n,
    events,
    comparablePairs: Math.round(comparable),
  };
}

/** For each class `Σ_folds AUC·pairs / Σ_folds pairs`, a pair being one of the class and one of the rest; the mean over classes. */
function aucOverFolds(folds: readonly FoldScores[], model: string, rows: readonly Uint32Array[]): Metric {
  const { classes } = classesOf(folds[0]);
  const C = classes.length;
  const won = new Float64Array(C);
  const pairs = new Float64Array(C);
  folds.forEach((fold, f) => {
    const labels = takeRows(classesOf(fold).labels, rows[f]);
    const runs = runsOf(fold, model);
    runs.forEach((run) => {
      classAucs(takeRows(run, rows[f], C), labels, C).forEach(({ value }, c) => {
        if (value === null) return;
        const own = labels.filter((label) => label === c).length;
        won[c] += (value * own * (labels.length - own)) / runs.length;
        pairs[c] += (own * (labels.length - own)) / runs.length;
      });
    });
  });
  const name = HEADLINE.classes;
  const none = pairs.findIndex((count) => count === 0);
  if (none >= 0) return refuse(name, `no fold has a patient of the class '${classes[none]}' and one of the rest`);
  const value = won.reduce((sum, w, c) => sum + w / pairs[c], 0) / C;
  const n = rows.reduce((sum, own) => sum + own.length, 0);
  return {
    name,
    value,
    estimator: `mean ROC area over ${C} classes, one versus rest, over the pairs within folds`,
    ties: 'equal scores count 1/2',
    n,
  };
}
