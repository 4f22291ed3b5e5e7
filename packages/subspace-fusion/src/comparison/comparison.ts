import { maxOf, minOf } from '../files/lists.js';
import { PER_YEAR } from '../cohort/clinical/outcome.js';
import { byName } from '../evaluation/score.js';
import { bootstrap, percentileIntervals, type Metric } from '../metrics/bootstrap.js';
import { bootstrapPValue, holm, verdict } from '../metrics/significance.js';
import type { NamedMetrics } from '../runs/values.js';
import { foldName } from '../words/comparison.js';
import type { ComparedModels, Difference, Horizon } from './file.js';
import {
  BRIER,
  CALIBRATION,
  drawOf,
  HEADLINE,
  HEADLINES,
  OTHERS,
  prepareFolds,
  THRESHOLDS,
  type MetricSet,
  type PreparedFold,
} from './fold-metrics.js';
import type { FoldScores } from './fold-scores.js';
import { difference, differenceName, drawingUnits, foldMean, repeatedFolds, type Pair } from './means.js';
import type { ClinicalReference } from './clinical-reference.js';
import { REFERENCE } from './simple-models.js';

/** Units of time in a year. */

const WANTED_YEARS = 2;
/** Times at which the Brier score is taken. */
const TIMES = 6;

/**
 * The time up to which survival is judged: two years, or the last time that the training patients' deaths and the first model's curves
 * reach in every fold, where that is earlier. No test patient has a say in it. Undefined for classes.
 */
export function chooseHorizon(folds: readonly FoldScores[]): Horizon | { readonly reason: string } | undefined {
  if (folds[0].truth.kind === 'classes') return undefined;
  const followUps = folds.flatMap(({ training }) => training.survival ?? []);
  if (followUps.length < folds.length) return { reason: 'the follow-up of the training patients is not known' };
  const lastDeaths = followUps.map(({ time, event }) => maxOf(time.filter((_, i) => event[i])));
  const first = folds.map(({ models }) => Object.values(models)[0]);
  const ends = first.flatMap((scores) => ('reason' in scores ? [] : (scores.survival ?? []).map(({ until }) => until)));
  const reached = Math.min(minOf(lastDeaths), minOf(ends));
  if (!(reached > 0)) return { reason: 'no training patient of a fold dies' };
  const { timeUnit } = followUps[0];
  const wanted = WANTED_YEARS * PER_YEAR[timeUnit];
  const time = Math.min(wanted, reached);
  const rule =
    wanted <= reached
      ? `${WANTED_YEARS} years`
      : `the last time that deaths of training patients and the first model's curves reach in every fold; ${WANTED_YEARS} years lie beyond`;
  return { time, timeUnit, times: Array.from({ length: TIMES }, (_, k) => time * ((k + 1) / TIMES)), rule };
}

/** What is asked of each model over age, diagnosis and grade: discrimination, Brier score and net benefit. */
function addedMetrics(folds: readonly FoldScores[], names: readonly string[]): WantedDifference[] {
  if (whyNot(folds) !== undefined) return [];
  const { kind } = folds[0].truth;
  const metrics = [
    HEADLINE[kind],
    ...OTHERS[kind].names.filter((name) => name === BRIER[kind] || name.startsWith('netBenefit')),
  ];
  return names
    .filter((name) => name !== REFERENCE)
    .flatMap((model) => metrics.map((metric) => ({ model, reference: REFERENCE, metric })));
}

/** Those differences as they were found, by model. */
function addedValue(folds: readonly FoldScores[], found: readonly FoundDifference[]): ComparedModels['adds'] {
  const reason = whyNot(folds);
  const reference = referenceOf(folds);
  if (!reference || reason === NO_CLINICAL_MODEL) return { reason: NO_CLINICAL_MODEL };
  const { variables, leftOut } = reference;
  if (reason !== undefined) return { reason, variables: [...variables] };
  const models = [...new Set(found.map(({ model }) => model))];
  const own = (model: string) =>
    found
      .filter((difference) => difference.model === model)
      .map(({ value, metric }): Metric => ({ ...value, name: metric }));
  return {
    over: REFERENCE,
    variables,
    leftOut,
    thresholds: THRESHOLDS,
    models: Object.fromEntries(models.map((model) => [model, byName(own(model))])),
  };
}

const NO_CLINICAL_MODEL = 'there is no clinical model';

/** What the clinical model is made of in the folds; a variable that only some of them lack is said to be left out there. */
function referenceOf(folds: readonly FoldScores[]): Pick<ClinicalReference, 'variables' | 'leftOut'> | undefined {
  const references = folds.flatMap(({ reference }) => reference ?? []);
  const [first] = references;
  if (references.length < folds.length || references.length === 0) return undefined;
  const leftOut = folds.flatMap((fold) =>
    (fold.reference?.leftOut ?? []).map((left) => ({ ...left, fold: foldName(fold) })),
  );
  const everywhere = first.leftOut.filter(
    ({ variable }) => leftOut.filter((left) => left.variable === variable).length === folds.length,
  );
  const somewhere = leftOut.filter(({ variable }) => !everywhere.some((left) => left.variable === variable));
  return {
    variables: [...new Set(references.flatMap(({ variables }) => variables))],
    leftOut: [
      ...everywhere,
      ...somewhere.map(({ variable, reason, fold }) => ({ variable, reason: `${fold}: ${reason}` })),
    ],
  };
}

/** Why there is no clinical model to add to. */
function whyNot(folds: readonly FoldScores[]): string | undefined {
  for (const fold of folds) {
    if (!(REFERENCE in fold.models) || !fold.reference) return NO_CLINICAL_MODEL;
    const scores = fold.models[REFERENCE];
    if ('reason' in scores) return `there is no clinical model in ${foldName(fold)}: ${scores.reason}`;
  }
  return undefined;
}

/** Models on the same folds: each model's metrics, and by how much pairs of them differ. */
export interface Comparison extends Omit<ComparedModels, 'patients' | 'metrics' | 'baselines'> {
  readonly models: Readonly<Record<string, NamedMetrics>>;
}

/** A difference within this is none. */
const MARGIN = 0.01;
/** Resamples of the metrics that cost more, and on which no test rests. */
const SECONDARY_RESAMPLES = 200;
/** The smallest p-value of B resamples is 2/(B + 1); times m it has to be able to fall below 0.05. */
const RESAMPLES_PER_TEST = 40;

/**
 * Metrics of every model as the mean over its runs of a fold, then over folds: models of different folds share no scale, so their
 * predictions are never pooled. Intervals are 95 % percentile bootstrap by patient, the models taken as trained; all models see the
 * same draws, which makes the differences paired. Differences are tested by bootstrap, adjusted by Holm over all `pairs`.
 * @param folds one or more, each with the same models
 * @param resamples of the metrics that speak for the task; more are drawn where many pairs need them
 */
export function compareModels(
  folds: readonly FoldScores[],
  pairs: readonly Pair[],
  seed: number,
  resamples = 1000,
): Comparison {
  const { kind } = folds[0].truth;
  const names = Object.keys(folds[0].models);
  const chosen = chooseHorizon(folds);
  const horizon = chosen && !('reason' in chosen) ? chosen : undefined;
  const prepared = prepareFolds(folds, horizon);
  const enough = Math.max(resamples, RESAMPLES_PER_TEST * pairs.length);
  const secondary = Math.min(SECONDARY_RESAMPLES, resamples);

  const tested = pairs.map(([model, reference]) => ({ model, reference, metric: HEADLINE[kind] }));
  const added = addedMetrics(folds, names);
  const primary = resampled(
    prepared,
    names,
    HEADLINES[kind],
    [...tested, ...added.filter(({ metric }) => metric === HEADLINE[kind])],
    seed,
    enough,
  );
  const others = resampled(
    prepared,
    names,
    OTHERS[kind],
    added.filter(({ metric }) => metric !== HEADLINE[kind]),
    seed,
    secondary,
  );
  const everyone = prepared.map((fold) => drawOf(fold, Uint32Array.from(fold.patients.keys())));
  const repeated = repeatedFolds(everyone, names, pairs);
  const differences = testDifferences(primary.differences.slice(0, pairs.length), enough);
  const family = Object.values(differences).filter(({ p }) => p !== undefined).length;
  return {
    models: Object.fromEntries(
      names.map((name, m) => [
        name,
        byName([...primary.models[m], ...others.models[m], ...foldMean(everyone, name, CALIBRATION[kind])]),
      ]),
    ),
    differences,
    adds: addedValue(folds, [...primary.differences.slice(pairs.length), ...others.differences]),
    ...(chosen ? { horizon: chosen } : {}),
    ...(repeated ? { repeated } : {}),
    bootstrap: {
      seed,
      resamples: enough,
      secondaryResamples: secondary,
      family,
      margin: MARGIN,
      units: drawingUnits(folds).words,
    },
  };
}

/** A paired difference that is asked for. */
export interface WantedDifference {
  readonly model: string;
  readonly reference: string;
  readonly metric: string;
}

/** One that was found, with its interval and its values on the resamples. */
export interface FoundDifference extends WantedDifference {
  readonly value: Metric;
  readonly draws: readonly number[];
}

/** Metrics `[model][metric]` and differences with their intervals, on the same draws of patients. */
function resampled(
  folds: readonly PreparedFold[],
  names: readonly string[],
  set: MetricSet,
  wanted: readonly WantedDifference[],
  seed: number,
  resamples: number,
): { models: Metric[][]; differences: FoundDifference[] } {
  const units = drawingUnits(folds);
  const width = set.names.length;
  const at = (model: string, metric: string) => names.indexOf(model) * width + set.names.indexOf(metric);
  const evaluate = (drawn: Uint32Array): Metric[] => {
    const draws = units.rowsOf(drawn).map((rows, f) => drawOf(folds[f], rows));
    const metrics = names.flatMap((name) => foldMean(draws, name, set));
    return [
      ...metrics,
      ...wanted.map(({ model, reference, metric }) =>
        difference(metrics[at(model, metric)], metrics[at(reference, metric)], differenceName(model, reference)),
      ),
    ];
  };
  const drawn = bootstrap(evaluate, units.sizes, seed, resamples);
  const metrics = percentileIntervals(drawn);
  const first = names.length * width;
  return {
    models: names.map((_, m) => metrics.slice(m * width, (m + 1) * width)),
    differences: wanted.map((want, i) => ({ ...want, value: metrics[first + i], draws: drawn.draws[first + i] })),
  };
}

/** P-values, those of Holm, and what each difference says. */
function testDifferences(differences: readonly FoundDifference[], resamples: number): Record<string, Difference> {
  const p = differences.map(({ value, draws }) => bootstrapPValue(value, draws, resamples).value);
  const known = p.filter((value) => value !== null);
  const adjusted = holm(known);
  let place = 0;
  const tested = differences.map(({ value: { name, ...rest } }, i): [string, Difference] => {
    const own = p[i] ?? null;
    if (own === null || rest.value === null) return [name, rest];
    const adjustedP = adjusted[place++];
    const { low, high } = rest;
    const says = low === undefined || high === undefined ? {} : { verdict: verdict(low, high, MARGIN, adjustedP) };
    return [name, { ...rest, p: own, adjustedP, ...says }];
  });
  return Object.fromEntries(tested);
}
