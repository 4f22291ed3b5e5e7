import { nameClasses } from '../evaluation/score.js';
import { refuse, takeRows, type Estimate, type Metric } from '../metrics/bootstrap.js';
import {
  censoringSurvival,
  dynamicAuc,
  integratedBrier,
  type CensoringSurvival,
} from '../metrics/censoring-weighted.js';
import { classBrier, expectedCalibrationError, logLoss } from '../metrics/class-calibration.js';
import { classificationMetrics } from '../metrics/classification.js';
import { netBenefit, survivalNetBenefit } from '../metrics/decisions.js';
import { survivalCalibrationError } from '../metrics/survival-curve.js';
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
    /** By model and run: probabilities to be alive at the horizon's times, `[n, times]`. */
    readonly alive: Readonly<Partial<Record<string, readonly Float64Array[]>>>;
  };
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
  const alive = Object.entries(fold.models).flatMap(([name, scores]) => {
    if ('reason' in scores || !scores.survival || scores.survival.some(({ until }) => until < horizon.time)) return [];
    const cells = fold.patients.length * width;
    return [
      [
        name,
        scores.survival.map((run) =>
          Float64Array.from({ length: cells }, (_, i) => run.at(Math.floor(i / width), times[i % width])),
        ),
      ] as const,
    ];
  });
  const censoring = censoringSurvival(followUp.time, followUp.event);
  return {
    ...fold,
    headline,
    judged: { horizon, censoring, uno: unoRanking(fold, horizon.time, censoring), alive: Object.fromEntries(alive) },
  };
}

/** Rows of a fold's patients, some of them several times. */
export interface Draw {
  readonly fold: PreparedFold;
  readonly rows: Uint32Array;
  readonly headline: DrawnPairs;
  readonly uno: DrawnPairs | undefined;
}

export function drawOf(fold: PreparedFold, rows: Uint32Array): Draw {
  return { fold, rows, headline: drawPairs(fold.headline, rows), uno: fold.judged && drawPairs(fold.judged.uno, rows) };
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
    score: ({ fold, headline }, model, run) => [rankDraw(fold.headline, headline, model, run)],
  },
  classes: {
    names: [HEADLINE.classes],
    score: ({ fold, headline }, model, run) => [
      nameClasses(rankDraw(fold.headline, headline, model, run), classesOf(fold).classes),
    ],
  },
};

/** Decisions, discrimination at the horizon, errors of probabilities, net benefit. */
export const OTHERS: Readonly<Record<Kind, MetricSet>> = {
  survival: { names: ['unoConcordance', 'dynamicAuc', BRIER.survival, ...NET_BENEFITS], score: scoreSurvival },
  classes: {
    names: [
      'accuracy',
      'balancedAccuracy',
      'macroF1',
      'sensitivity',
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
      const decisions = classificationMetrics(p, truth, C)
        .filter(({ name }) => name !== HEADLINE.classes)
        .map((metric) => nameClasses(metric, classes));
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

function scoreSurvival({ fold, rows, uno }: Draw, model: string, run: number): Metric[] {
  const { names } = OTHERS.survival;
  if (!fold.judged || !uno) return names.map((name) => refuse(name, NO_HORIZON));
  const {
    horizon: { time: t, times },
    censoring,
    alive,
  } = fold.judged;
  const truth = survivalOf(fold);
  const time = takeRows(truth.time, rows);
  const event = takeRows(truth.event, rows);
  const risk = takeRows(runsOf(fold, model)[run], rows);
  const ranked = [
    withEstimator(rankDraw(fold.judged.uno, uno, model, run), `Uno's C up to ${rounded(t)}, ${CENSORING}`),
    withEstimator(
      { ...dynamicAuc(time, event, risk, t, censoring), name: 'dynamicAuc' },
      `cumulative/dynamic ROC area at ${rounded(t)}, ${CENSORING}`,
    ),
  ];
  const all = alive[model]?.at(run);
  if (!all) return [...ranked, ...names.slice(ranked.length).map((name) => refuse(name, NO_SURVIVAL))];
  const width = times.length;
  const survival = takeRows(all, rows, width);
  const dead = Float64Array.from(rows, (_, i) => 1 - survival[i * width + width - 1]);
  return [
    ...ranked,
    withEstimator(
      integratedBrier(time, event, survival, times, censoring),
      `mean Brier score from ${rounded(times[0])} to ${rounded(t)} over ${width} times, ${CENSORING}`,
    ),
    ...THRESHOLDS.map((threshold) =>
      withEstimator(
        survivalNetBenefit(time, event, dead, t, threshold),
        `net benefit at ${rounded(t)} and a threshold of ${threshold}, Kaplan-Meier in the treated`,
      ),
    ),
  ];
}

function survivalCalibration({ fold }: Draw, model: string, run: number): Metric {
  const name = 'survivalCalibrationError';
  if (!fold.judged) return refuse(name, NO_HORIZON);
  const {
    horizon: {
      time: t,
      times: { length: width },
    },
    alive,
  } = fold.judged;
  const all = alive[model]?.at(run);
  if (!all) return refuse(name, NO_SURVIVAL);
  const { time, event } = survivalOf(fold);
  const atHorizon = time.map((_, i) => all[i * width + width - 1]);
  const error = survivalCalibrationError(time, event, atHorizon, t, CALIBRATION_GROUPS);
  return withoutInterval(
    withEstimator(error, `mean |predicted − Kaplan-Meier| survival at ${rounded(t)} over ${CALIBRATION_GROUPS} groups`),
  );
}

/** A time in words: a horizon can be any product of a cut. */
const rounded = (time: number) => Number(time.toPrecision(4));

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
