import { nameClasses } from '../evaluation/score.js';
import { refuse, takeRows, type Estimate, type Metric } from '../metrics/bootstrap.js';
import { ascendingOrder } from '../metrics/arrays.js';
import {
  brierTerms,
  censoringSurvival,
  dynamicAuc,
  integratedBrier,
  type CensoringSurvival,
} from '../metrics/censoring-weighted.js';
import { classBrier, expectedCalibrationError, logLoss } from '../metrics/class-calibration.js';
import { decisionMetrics } from '../metrics/classification.js';
import { netBenefit } from '../metrics/decisions.js';
import { survivalCalibrationError } from '../metrics/survival-curve.js';
import { drawnNetBenefit, rounded } from './drawn-survival.js';
import type { Horizon } from './file.js';
import { classesOf, runsOf, survivalOf, type FoldScores, type Truth } from './fold-scores.js';
import {
  aucRanking,
  concordanceRanking,
  drawPairs,
  rankDraw,
  unoRanking,
  type DrawnPairs,
  type Ranking,
} from './ranking.js';

/** Probabilities of an outcome at which somebody would be treated; fixed before anything was predicted. */
export const THRESHOLDS = [0.1, 0.25, 0.5] as const;
const NET_BENEFITS = THRESHOLDS.map((threshold) => `netBenefit[${threshold}]`);
/** Groups of predicted survival that are compared with Kaplan-Meier. */
const CALIBRATION_GROUPS = 4;

type Kind = Truth['kind'];

/** The metric that speaks for a task. */
export const HEADLINE = { survival: 'concordanceIndex', classes: 'macroAuc' } as const satisfies Record<Kind, string>;

/** How far probabilities lie from what happened. */
export const BRIER = { survival: 'integratedBrier', classes: 'brier' } as const satisfies Record<Kind, string>;

/** How many patients were tested in a fold, and how many of them in no fold before it. */
interface Tested {
  readonly patients: number;
  readonly deaths: number;
  readonly newPatients: number;
  readonly newDeaths: number;
}

/** A fold made ready for scoring many draws of its patients. */
export interface PreparedFold extends FoldScores {
  readonly tested: Tested;
  readonly headline: Ranking;
  /** Survival only, where there is a horizon. */
  readonly judged?: {
    readonly horizon: Horizon;
    /** Of the training patients. */
    readonly censoring: CensoringSurvival;
    readonly uno: Ranking;
    /** By model and run: what is said of survival up to the horizon. */
    readonly alive: Readonly<Partial<Record<string, readonly SaidOfSurvival[]>>>;
    /** Rows from the shortest follow-up to the longest. */
    readonly order: Uint32Array;
  };
}

/** A run's probabilities of survival of a fold's patients, made ready for draws. */
interface SaidOfSurvival {
  /** Probability to be dead at the horizon, [n]. */
  readonly dead: Float64Array;
  /** Integrated Brier score of all, or why there is none. */
  readonly brier: Metric;
  /** What each patient adds to it, [n]. */
  readonly terms: Float64Array;
}

/** Compares all pairs of patients of each fold, and reads every model's probabilities of survival at the times of the horizon. */
export function prepareFolds(folds: readonly FoldScores[], horizon: Horizon | undefined): PreparedFold[] {
  const before = new Set<string>();
  return folds.map((fold) => {
    const tested = testedIn(fold, before);
    for (const patient of fold.patients) before.add(patient);
    return { ...prepareFold(fold, horizon), tested };
  });
}

function testedIn({ patients, truth }: FoldScores, before: ReadonlySet<string>): Tested {
  const deaths = patients.filter((_, row) => truth.kind === 'survival' && truth.event[row]);
  const ofNew = (ids: readonly string[]) => ids.filter((id) => !before.has(id)).length;
  return { patients: patients.length, deaths: deaths.length, newPatients: ofNew(patients), newDeaths: ofNew(deaths) };
}

function prepareFold(fold: FoldScores, horizon: Horizon | undefined): Omit<PreparedFold, 'tested'> {
  if (fold.truth.kind === 'classes') return { ...fold, headline: aucRanking(fold) };
  const headline = concordanceRanking(fold);
  const followUp = fold.training.survival;
  if (!horizon || !followUp) return { ...fold, headline };
  const { times } = horizon;
  const width = times.length;
  const censoring = censoringSurvival(followUp.time, followUp.event);
  const { time, event } = survivalOf(fold);
  const alive = Object.entries(fold.models).flatMap(([name, scores]) => {
    if ('reason' in scores || !scores.survival || scores.survival.some(({ until }) => until < horizon.time)) return [];
    const said = scores.survival.map((run): SaidOfSurvival => {
      const survival = Float64Array.from({ length: time.length * width }, (_, i) =>
        run.at(Math.floor(i / width), times[i % width]),
      );
      const brier = integratedBrier(time, event, survival, times, censoring);
      return {
        dead: Float64Array.from(time, (_, i) => 1 - survival[i * width + width - 1]),
        brier,
        terms: brier.value === null ? new Float64Array(0) : brierTerms(time, event, survival, times, censoring),
      };
    });
    return [[name, said] as const];
  });
  return {
    ...fold,
    headline,
    judged: {
      horizon,
      censoring,
      uno: unoRanking(fold, horizon.time, censoring),
      alive: Object.fromEntries(alive),
      order: ascendingOrder(time),
    },
  };
}

/** Rows of a fold's patients, some of them several times. */
export interface Draw {
  readonly fold: PreparedFold;
  readonly rows: Uint32Array;
  /** Weighed when they are first asked for: not every metric is of pairs. */
  readonly headline: () => DrawnPairs;
  readonly uno: () => DrawnPairs | undefined;
}

export function drawOf(fold: PreparedFold, rows: Uint32Array): Draw {
  let headline: DrawnPairs | undefined;
  let uno: DrawnPairs | undefined;
  return {
    fold,
    rows,
    headline: () => (headline ??= drawPairs(fold.headline, rows)),
    uno: () => (uno ??= fold.judged && drawPairs(fold.judged.uno, rows)),
  };
}

/** Some metrics of one run of a model on a draw, always the same ones in the same order. */
export interface MetricSet {
  readonly names: readonly string[];
  score(draw: Draw, model: string, run: number): Metric[];
}

/** The metric that speaks for the task: differences are tested by it. */
export const HEADLINES: Readonly<Record<Kind, MetricSet>> = {
  survival: {
    names: [HEADLINE.survival],
    score: ({ fold, headline }, model, run) => [rankDraw(fold.headline, headline(), model, run)],
  },
  classes: {
    names: [HEADLINE.classes],
    score: ({ fold, headline }, model, run) => [
      nameClasses(rankDraw(fold.headline, headline(), model, run), classesOf(fold).classes),
    ],
  },
};

/** Discrimination at the horizon, whose intervals need no draws. */
export const AREAS: Readonly<Record<Kind, MetricSet>> = {
  survival: { names: ['unoConcordance', 'dynamicAuc'], score: scoreAreas },
  classes: { names: [], score: () => [] },
};

/** Decisions, errors of probabilities, net benefit. */
export const OTHERS: Readonly<Record<Kind, MetricSet>> = {
  survival: { names: [BRIER.survival, ...NET_BENEFITS], score: scoreSurvival },
  classes: {
    names: [
      'accuracy',
      'balancedAccuracy',
      'macroF1',
      'specificity',
      'precision',
      BRIER.classes,
      'logLoss',
      ...NET_BENEFITS,
    ],
    score({ fold, rows }, model, run) {
      const { labels, classes } = classesOf(fold);
      const C = classes.length;
      const p = takeRows(runsOf(fold, model)[run], rows, C);
      const truth = takeRows(labels, rows);
      const decisions = decisionMetrics(p, truth, C).map((metric) => nameClasses(metric, classes));
      return [
        ...decisions,
        classBrier(p, truth, C),
        logLoss(p, truth, C),
        ...THRESHOLDS.map((threshold) => meanNetBenefit(p, truth, C, threshold)),
      ];
    },
  },
};

/** Calibration errors. They have no intervals: on draws with repetitions they are larger by construction, the more so the smaller the error. */
export const CALIBRATION: Readonly<Record<Kind, MetricSet>> = {
  survival: {
    names: ['survivalCalibrationError'],
    score: (draw, model, run) => [survivalCalibration(draw, model, run)],
  },
  classes: {
    names: ['expectedCalibrationError'],
    score({ fold }, model, run) {
      const { labels, classes } = classesOf(fold);
      const error = expectedCalibrationError(runsOf(fold, model)[run], labels, classes.length);
      return [withoutInterval(withEstimator(error, 'mean |confidence − accuracy| over 10 bins of equal width'))];
    },
  },
};

function scoreAreas({ fold, rows, ...draw }: Draw, model: string, run: number): Metric[] {
  const uno = draw.uno();
  if (!fold.judged || !uno) return AREAS.survival.names.map((name) => refuse(name, NO_HORIZON));
  const {
    horizon: { time: t },
    censoring,
  } = fold.judged;
  const truth = survivalOf(fold);
  const [time, event] = [takeRows(truth.time, rows), takeRows(truth.event, rows)];
  const risk = takeRows(runsOf(fold, model)[run], rows);
  return [
    withEstimator(rankDraw(fold.judged.uno, uno, model, run), `Uno's C up to ${rounded(t)}, ${CENSORING}`),
    withEstimator(
      { ...dynamicAuc(time, event, risk, t, censoring), name: 'dynamicAuc' },
      `cumulative/dynamic ROC area at ${rounded(t)}, ${CENSORING}`,
    ),
  ];
}

function scoreSurvival({ fold, rows }: Draw, model: string, run: number): Metric[] {
  const { names } = OTHERS.survival;
  if (!fold.judged) return names.map((name) => refuse(name, NO_HORIZON));
  const {
    horizon: { time: t, times },
    alive,
    order,
  } = fold.judged;
  const said = alive[model]?.at(run);
  if (!said) return names.map((name) => refuse(name, NO_SURVIVAL));
  const drawn = { ...survivalOf(fold), order, rows };
  const estimator = `mean Brier score from ${rounded(times[0])} to ${rounded(t)} over ${times.length} times, ${CENSORING}`;
  return [
    withEstimator(meanOfTerms(said.brier, said.terms, rows), estimator),
    ...THRESHOLDS.map((threshold) => drawnNetBenefit(drawn, said.dead, t, threshold)),
  ];
}

/** A metric that is the mean of what each patient adds, on a draw. */
function meanOfTerms(everyone: Metric, terms: Float64Array, rows: Uint32Array): Metric {
  if (everyone.value === null) return everyone;
  let sum = 0;
  for (const row of rows) sum += terms[row];
  return { ...everyone, value: sum / rows.length };
}

function survivalCalibration({ fold }: Draw, model: string, run: number): Metric {
  const name = 'survivalCalibrationError';
  if (!fold.judged) return refuse(name, NO_HORIZON);
  const {
    horizon: { time: t },
    alive,
  } = fold.judged;
  const said = alive[model]?.at(run);
  if (!said) return refuse(name, NO_SURVIVAL);
  const { time, event } = survivalOf(fold);
  const atHorizon = said.dead.map((dead) => 1 - dead);
  const error = survivalCalibrationError(time, event, atHorizon, t, CALIBRATION_GROUPS);
  return withoutInterval(
    withEstimator(error, `mean |predicted − Kaplan-Meier| survival at ${rounded(t)} over ${CALIBRATION_GROUPS} groups`),
  );
}

const CENSORING = "censoring estimated on the fold's training patients";
const NO_HORIZON = 'there is no horizon';
const NO_SURVIVAL = 'the model gives no probabilities of survival up to the horizon';

/** The estimator in words that hold for every fold. */
function withEstimator(metric: Metric, estimator: string): Metric {
  return metric.value === null ? metric : { ...metric, estimator };
}

function withoutInterval(metric: Metric): Metric {
  return metric.value === null
    ? metric
    : { ...metric, noInterval: 'resamples repeat patients, which makes a calibration error larger' };
}

/** Net benefit of each class against the rest, the mean over classes. */
function meanNetBenefit(p: Float64Array, truth: Float64Array, C: number, threshold: number): Metric {
  const ofClasses = Array.from({ length: C }, (_, c) =>
    netBenefit(
      truth.map((_, i) => p[i * C + c]),
      truth.map((label) => (label === c ? 1 : 0)),
      threshold,
    ),
  );
  const refused = ofClasses.find(({ value }) => value === null);
  if (refused) return refused;
  const value = (ofClasses as Estimate[]).reduce((sum, metric) => sum + metric.value, 0) / C;
  return {
    ...(ofClasses[0] as Estimate),
    value,
    estimator: `net benefit at a threshold of ${threshold}, mean over ${C} classes, one versus rest`,
  };
}

/** Net benefit of treating everybody, at each threshold: what a model has to beat, besides nobody's, which is 0. */
export function treatEverybody({ fold, rows }: Draw): Metric[] {
  const { truth } = fold;
  if (truth.kind === 'classes') {
    const C = truth.classes.length;
    const certain = new Float64Array(rows.length * C).fill(1);
    return THRESHOLDS.map((threshold) => meanNetBenefit(certain, takeRows(truth.labels, rows), C, threshold));
  }
  if (!fold.judged) return NET_BENEFITS.map((name) => refuse(name, NO_HORIZON));
  const { order, horizon } = fold.judged;
  const dead = new Float64Array(truth.time.length).fill(1);
  const { time, event } = truth;
  return THRESHOLDS.map((threshold) => drawnNetBenefit({ time, event, order, rows }, dead, horizon.time, threshold));
}
