import { maxOf } from '../../files/lists.js';
import { PER_YEAR } from '../../cohort/clinical/outcome.js';
import type { TimeUnit } from '../../cohort/types.js';
import { refuse, type Metric } from '../../metrics/bootstrap.js';
import {
  classBrier,
  expectedCalibrationError,
  fitTemperature,
  logLoss,
  reliabilityCurve,
  softmaxRows,
  temperatureApplies,
} from '../../metrics/class-calibration.js';
import { classThresholds, conformalThreshold, predictionSet } from '../../metrics/conformal.js';
import { atThreshold, operatingPoint, type OperatingRule } from '../../metrics/decisions.js';
import { Z } from '../../metrics/distributions.js';
import { FEWEST_OUTCOMES, recalibration, survivalObservedExpected } from '../../metrics/recalibration.js';
import {
  BEYOND_FOLLOW_UP,
  calibrationGroups,
  predictedSurvival,
  survivalCalibrationError,
  survivalCurve,
  type CalibrationGroup,
} from '../../metrics/survival-curve.js';
import { fitCox } from '../../model/baselines/cox.js';
import {
  HORIZONS,
  type ClassConfidence,
  type ConformalSets,
  type HorizonCalibration,
  type OperatingPoint,
  type ProbabilityQuality,
  type SimilarPatients,
  type SurvivalCalibration,
} from '../../runs/confidence.js';

/** Share of future patients whose true class a prediction set should hold. */
const COVERAGE = 0.9;
/** Tolerance of `1 − COVERAGE`, as the conformal functions take it. */
export const ALPHA = 0.1;

/** What some patients were predicted, class weights taken off, and what they are. */
export interface ScoredClasses {
  /** Probabilities of a patient's classes, `[n][C]`. */
  readonly outputs: readonly (readonly number[])[];
  /** Their classes, `[n]`. */
  readonly labels: readonly number[];
}

/** How the thresholds of a class are chosen on the validation patients. */
const OPERATING_RULES = { youden: 'youden', sensitive: { sensitivity: 0.9 } } as const satisfies Record<
  string,
  OperatingRule
>;

/** Probabilities at the temperature where it applies, `softmax(log p / T)`; several slides' mean probability is taken as one prediction. */
export function calibrate(outputs: readonly number[], { temperature }: Pick<ClassConfidence, 'temperature'>): number[] {
  return temperature.value !== null && temperatureApplies(temperature)
    ? Array.from(softmaxRows(logits([outputs]), outputs.length, temperature.value))
    : [...outputs];
}

/** log p, `[n · C]`: logits but for a constant of each patient, which no softmax sees. */
function logits(outputs: readonly (readonly number[])[]): number[] {
  return outputs.flat().map((p) => Math.log(Math.max(p, Number.MIN_VALUE)));
}

/** Fits the temperature and chooses the operating points on validation patients, and the thresholds of prediction sets on the conformal part. */
export function learnClassConfidence(
  classes: readonly string[],
  validation: ScoredClasses,
  conformal?: ScoredClasses,
): ClassConfidence {
  const temperature = noteApplied(fitTemperature(logits(validation.outputs), validation.labels, classes.length));
  const calibrated = ({ outputs, labels }: ScoredClasses) => ({
    outputs: outputs.map((p) => calibrate(p, { temperature })),
    labels,
  });
  return {
    classes,
    patients: validation.labels.length,
    temperature,
    operatingPoints: chooseOperatingPoints(classes, calibrated(validation)),
    ...(conformal ? { conformal: learnSets(classes.length, calibrated(conformal)) } : {}),
  };
}

function noteApplied(temperature: Metric): Metric {
  if (temperature.value === null || temperatureApplies(temperature)) return temperature;
  return { ...temperature, note: 'not applied: the interval includes 1' };
}

/** Validation patients of a class, and of the rest, that a threshold is chosen from. */
const FEWEST_FOR_THRESHOLD = 10;

/** The threshold, refused from few patients. */
function chooseThreshold(
  score: readonly number[],
  labels: readonly number[],
  c: number,
  rule: keyof typeof OPERATING_RULES,
): Metric {
  const threshold = operatingPoint(score, labels, c, OPERATING_RULES[rule]);
  const own = labels.filter((label) => label === c).length;
  if (threshold.value === null || Math.min(own, labels.length - own) >= FEWEST_FOR_THRESHOLD) return threshold;
  return refuse(
    threshold.name,
    `${own} validation patients of the class and ${labels.length - own} of the rest; ${FEWEST_FOR_THRESHOLD} of each are needed`,
  );
}

function chooseOperatingPoints(classes: readonly string[], { outputs, labels }: ScoredClasses): OperatingPoint[] {
  return classes.flatMap((name, c) => {
    const score = outputs.map((p) => p[c]);
    return (Object.keys(OPERATING_RULES) as (keyof typeof OPERATING_RULES)[]).map((rule) => {
      const threshold = chooseThreshold(score, labels, c, rule);
      return {
        class: name,
        rule,
        threshold,
        ...(threshold.value === null ? {} : atThreshold(score, labels, c, threshold.value)),
      };
    });
  });
}

function learnSets(C: number, { outputs, labels }: ScoredClasses): ConformalSets {
  return {
    coverage: COVERAGE,
    patients: labels.length,
    patientsByClass: Array.from({ length: C }, (_, c) => labels.filter((label) => label === c).length),
    marginal: conformalThreshold(
      labels.map((label, i) => 1 - outputs[i][label]),
      ALPHA,
    ),
    byClass: classThresholds(outputs.flat(), labels, C, ALPHA),
  };
}

/** The classes that one patient's calibrated probabilities do not rule out, by their place: class by class, and with one threshold for all. */
export function setsOf(
  calibrated: readonly number[],
  { marginal, byClass }: ConformalSets,
): { byClass: number[]; marginal: number[] } {
  return {
    byClass: predictionSet(calibrated, byClass),
    marginal: predictionSet(
      calibrated,
      calibrated.map(() => marginal),
    ),
  };
}

/** Quality of probabilities `[n][C]`. */
export function qualityOf({ outputs, labels }: ScoredClasses, classes: readonly string[]): ProbabilityQuality {
  const C = classes.length;
  const flat = outputs.flat();
  const predicted = outputs.map((p) => p.indexOf(maxOf(p)));
  return {
    calibrationError: expectedCalibrationError(flat, labels, C),
    logLoss: logLoss(flat, labels, C),
    brier: classBrier(flat, labels, C),
    reliability: reliabilityCurve(
      outputs.map((p) => maxOf(p)),
      predicted.map((c, i) => c === labels[i]),
      10,
    ),
    byClass: classes.map((name, c) => ({
      class: name,
      ...recalibration(
        outputs.map((p) => p[c]),
        labels.map((label) => label === c),
      ),
    })),
  };
}

/** Patients whose survival was predicted, and what happened to them. */
export interface ScoredSurvival {
  /** Hazards of the bins, `[n][bins]`. */
  readonly outputs: readonly (readonly number[])[];
  readonly time: readonly number[];
  readonly event: readonly boolean[];
}

/** What the times of a model are: inner boundaries of its bins, in `timeUnit`. */
export interface SurvivalTimes {
  readonly cuts: readonly number[];
  readonly timeUnit: TimeUnit;
}

const MOST_GROUPS = 4;
/** Fewer patients in a group tell nothing. */
const GROUP_SIZE = 10;

/** Survival probabilities at 1, 2 and 5 years against Kaplan-Meier, in up to four quantile groups of about ten patients or more. */
export function survivalCalibration(
  { outputs, time, event }: ScoredSurvival,
  { cuts, timeUnit }: SurvivalTimes,
): SurvivalCalibration {
  const curves = outputs.map((hazards) => survivalCurve(hazards, cuts));
  const groups = Math.min(MOST_GROUPS, Math.max(1, Math.floor(time.length / GROUP_SIZE)));
  const horizons = HORIZONS.flatMap((years) => {
    const horizon = years * PER_YEAR[timeUnit];
    const predicted = curves.map((curve) => predictedSurvival(curve, horizon)).filter((p) => p !== BEYOND_FOLLOW_UP);
    if (predicted.length < curves.length || curves.length === 0) return []; // beyond the last cut, which is that of every curve
    const error = survivalCalibrationError(time, event, predicted, horizon, groups);
    return [
      {
        years,
        error,
        observedExpected: survivalObservedExpected(time, event, predicted, horizon),
        slope: survivalSlope(time, event, predicted),
        groups: withHighest(calibrationGroups(time, event, predicted, horizon, groups), predicted),
      },
    ];
  });
  return { patients: time.length, horizons };
}

/** Survival nearer to 0 or 1 is taken as this. */
const NEAREST = 1e-6;

/**
 * Calibration slope of predicted survival (van Houwelingen 2000): the coefficient of `log(−log S)` in a Cox model, with Wald's interval;
 * 1 is right, below 1 the predictions are too extreme.
 */
function survivalSlope(time: readonly number[], event: readonly boolean[], predicted: readonly number[]): Metric {
  const name = 'calibrationSlope';
  const deaths = event.filter(Boolean).length;
  if (deaths < FEWEST_OUTCOMES) return refuse(name, `${deaths} deaths; ${FEWEST_OUTCOMES} are needed`);
  const x = Float32Array.from(predicted, (s) => Math.log(-Math.log(Math.min(Math.max(s, NEAREST), 1 - NEAREST))));
  if (x.every((value) => value === x[0])) return refuse(name, 'all patients have the same prediction');
  const { coefficients, standardErrors } = fitCox({ x, time, event });
  const [value, half] = [coefficients[0], Z * standardErrors[0]];
  return {
    name,
    value,
    estimator: 'Cox model of log(−log) predicted survival',
    ties: 'Efron',
    n: time.length,
    events: deaths,
    low: value - half,
    high: value + half,
    interval: 'Wald',
  };
}

/** Groups are cut from the sorted predictions, lowest first. */
function withHighest(groups: readonly CalibrationGroup[], predicted: readonly number[]): SimilarPatients[] {
  const sorted = predicted.toSorted((a, b) => a - b);
  let upTo = 0;
  return groups.map((group) => ({ ...group, highest: sorted[(upTo += group.n) - 1] }));
}

/** The held-out patients whose prediction is most like `predicted`. */
export function similarPatients({ groups }: HorizonCalibration, predicted: number): SimilarPatients | undefined {
  return groups.find(({ highest }) => predicted <= highest) ?? groups.at(-1);
}
