import { required } from '../files/errors.js';
import { refuse, type Estimate, type Metric, type Share, type Sides } from '../metrics/bootstrap.js';
import { foldName } from '../words/comparison.js';
import type { Draw, MetricSet, PreparedFold } from './fold-metrics.js';
import { testsPerPatient, type FoldScores } from './fold-scores.js';

/** Who is left out or drawn for intervals over folds, and what that is in rows of each fold. */
export interface DrawingUnits {
  /** Another of the same stratum is drawn in the place of each. */
  readonly strata: readonly number[];
  /** Rows of each fold from the drawn indices, `[folds][rows]`. */
  rowsOf(drawn: Uint32Array): Uint32Array[];
  readonly words: string;
}

/**
 * Patients are drawn within folds where each is tested once. Where the same patients are dealt to folds several times, or the test parts
 * of a split file overlap, a patient is drawn for all folds at once: as independent draws, repeats would make intervals narrower without
 * anything more being known. Of classes they are drawn within each class, so that no draw lacks one.
 */
export function drawingUnits(folds: readonly FoldScores[]): DrawingUnits {
  const isClasses = folds[0].truth.kind === 'classes';
  const within = isClasses ? 'patients within classes' : 'patients';
  if (testsPerPatient(folds) > 1) {
    const all = folds.some(({ repeat }) => repeat !== folds[0].repeat) ? 'all repeats' : 'all folds that test it';
    return { ...acrossFolds(folds), words: `${within}, each with ${all}, the models as trained` };
  }
  const sizes = folds.map(({ patients }) => patients.length);
  const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((sum, n) => sum + n, 0));
  return {
    strata: folds.flatMap((fold, f) => classNumbers(fold).map((label) => label * folds.length + f)),
    rowsOf: (drawn) => starts.map((start, f) => rowsBetween(drawn, start, sizes[f])),
    words: `${within} and folds, the models as trained`.replace('patients and', 'patients within'),
  };
}

/** The drawn indices from `start` on that belong to a group of this size, counted from its own start. */
export function rowsBetween(drawn: Uint32Array, start: number, size: number): Uint32Array {
  return drawn.filter((i) => i >= start && i < start + size).map((i) => i - start);
}

/** The class of each patient; 0 of all in survival. */
const classNumbers = ({ truth, patients }: FoldScores): readonly number[] =>
  truth.kind === 'classes' ? truth.labels : patients.map(() => 0);

function acrossFolds(folds: readonly FoldScores[]): Omit<DrawingUnits, 'words'> {
  const everyone = [...new Set(folds.flatMap(({ patients }) => patients))];
  const classOf = new Map(folds.flatMap((fold) => classNumbers(fold).map((label, i) => [fold.patients[i], label])));
  const rowIn = folds.map(({ patients }) => {
    const rows = new Map(patients.map((id, row) => [id, row]));
    return everyone.map((id) => rows.get(id) ?? -1);
  });
  return {
    strata: everyone.map((id) => required(classOf, id)),
    rowsOf: (drawn) => rowIn.map((row) => drawn.map((i) => row[i]).filter((at) => at !== NOT_TESTED)),
  };
}

/** −1 in an array of unsigned numbers. */
const NOT_TESTED = 0xffffffff;

/** A model's metrics on a draw of each fold, `[metric]`: the mean over its runs of a fold, then over folds. Predictions are never pooled. */
export function foldMean(draws: readonly Draw[], model: string, set: MetricSet): Metric[] {
  return meanOverFolds(
    draws,
    draws.map((draw) => runMean(draw, model, set)),
  );
}

/** A model's metrics on a draw of one fold, `[metric]`: the mean over its runs. */
export function runMean(draw: Draw, model: string, set: MetricSet): Metric[] {
  const scores = draw.fold.models[model];
  if ('reason' in scores) return set.names.map((name) => refuse(name, scores.reason));
  const runs = scores.runs.map((_, run) => set.score(draw, model, run));
  return runs[0].map((first, m) =>
    mean(
      first,
      runs.map((metrics) => metrics[m]),
    ),
  );
}

/** Two models by their names. */
export type Pair = readonly [model: string, reference: string];

/** A paired difference that is asked for. */
export interface WantedDifference {
  readonly model: string;
  readonly reference: string;
  readonly metric: string;
}

/** One that was found, with its interval; with a p-value where the folds are dealt several times. */
export interface FoundDifference extends WantedDifference {
  readonly value: Metric;
  readonly p?: number;
}

/** Key of a paired difference, `subspace - ridgeCox`. */
export const differenceName = (model: string, reference: string): string => `${model} - ${reference}`;

/** The paired difference of two models in one metric. */
export function difference(model: Metric, reference: Metric, name: string): Metric {
  if (model.value === null || reference.value === null) return { ...(model.value === null ? model : reference), name };
  const { estimator, ties, n, events, comparablePairs } = model;
  return {
    name,
    value: model.value - reference.value,
    estimator: `paired difference of the ${estimator}`,
    ties,
    n,
    events,
    comparablePairs,
  };
}

/** `metrics: [folds][metric]` → the mean over folds. A patient, and a death, is counted once however often it is tested. */
export function meanOverFolds(draws: readonly Draw[], metrics: readonly Metric[][]): Metric[] {
  if (draws.length === 1) return metrics[0];
  const folds = draws.map(({ fold }) => fold);
  const total = (count: (tested: PreparedFold['tested']) => number) =>
    folds.reduce((sum, { tested }) => sum + count(tested), 0);
  const repeats = total(({ patients }) => patients) / total(({ newPatients }) => newPatients);
  const repeatsOfDead = total(({ deaths }) => deaths) / total(({ newDeaths }) => newDeaths);
  return metrics[0].map(({ name }, m) => {
    const own = metrics.map((ofFold) => ofFold[m]);
    const refused = own.findIndex(({ value }) => value === null);
    if (refused >= 0)
      return refuse(name, sharedReason(own) ?? `${foldName(folds[refused])}: ${reasonOf(own[refused])}`);
    const estimates = own as Estimate[];
    const counted = (count: (e: Estimate) => number | undefined, times: number) => {
      const sum = estimates.reduce<number | undefined>((all, e) => add(all, count(e)), 0);
      return sum === undefined ? undefined : sum === 0 ? 0 : Math.round(sum / times);
    };
    const { estimator, ties, noInterval } = estimates[0];
    return {
      name,
      value: estimates.reduce((sum, e) => sum + e.value, 0) / estimates.length,
      estimator: `mean over ${folds.length} folds of ${estimator}`,
      ties,
      n: counted((e) => e.n, repeats) ?? 0,
      events: counted((e) => e.events, repeatsOfDead),
      comparablePairs: counted((e) => e.comparablePairs, repeats),
      ...sumOverFolds(estimates, repeats, estimates[0].events === undefined ? repeats : repeatsOfDead),
      ...(noInterval === undefined ? {} : { noInterval }),
    };
  });
}

const add = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a + b);
const reasonOf = (metric: Metric) => (metric.value === null ? metric.reason : '');

/** What all folds refuse for one reason is not the matter of a fold. */
function sharedReason(metrics: readonly Metric[]): string | undefined {
  const reasons = new Set(metrics.map(reasonOf));
  return reasons.size === 1 ? [...reasons][0] : undefined;
}

/** The mean of one metric over runs on the same patients. */
function mean(first: Metric, metrics: readonly Metric[]): Metric {
  const refused = metrics.find(({ value }) => value === null);
  if (refused || first.value === null) return refused ?? first;
  const known = metrics as Estimate[];
  const value = known.reduce((sum, own) => sum + own.value, 0) / known.length;
  const shares = first.shares?.map((_, s) =>
    sumShares(
      known.map((own) => own.shares?.[s]),
      known.length,
    ),
  );
  return { ...first, value, ...(shares ? { shares } : {}) };
}

/**
 * Shares and sides of the folds' metrics, each patient counted once however often they are tested.
 * @param repeats how often a patient is tested, on average
 * @param repeatsOfCases how often one of the cases is
 */
function sumOverFolds(
  folds: readonly Estimate[],
  repeats: number,
  repeatsOfCases: number,
): Pick<Estimate, 'shares' | 'sides'> {
  const [first] = folds;
  const longest = folds.reduce((longest, { shares = [] }) => Math.max(longest, shares.length), 0);
  const shares = Array.from({ length: longest }, (_, s) =>
    sumShares(
      folds.map((own) => own.shares?.[s]),
      repeats,
    ),
  );
  const total = (count: (sides: Sides) => number, times: number) =>
    folds.reduce((sum, { sides }) => sum + (sides ? count(sides) : 0), 0) / times;
  return {
    ...(first.shares ? { shares } : {}),
    ...(first.sides
      ? {
          sides: {
            cases: total(({ cases }) => cases, repeatsOfCases),
            others: total(({ others }) => others, repeats),
            borrowed: first.sides.borrowed,
          },
        }
      : {}),
  };
}

function sumShares(shares: readonly (Share | undefined)[], parts: number): Share {
  const total = (count: (share: Share) => number) =>
    shares.reduce((sum, share) => sum + (share ? count(share) : 0), 0) / parts;
  return { right: total(({ right }) => right), of: total(({ of }) => of) };
}
