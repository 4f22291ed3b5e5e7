import { maxOf } from '../../files/lists.js';
import { PER_YEAR } from '../../cohort/clinical/outcome.js';
import type { TimeUnit } from '../../cohort/types.js';
import {
  classBrier,
  expectedCalibrationError,
  fitTemperature,
  logLoss,
  reliabilityCurve,
  softmaxRows,
} from '../../metrics/class-calibration.js';
import { classThresholds, conformalThreshold, predictionSet } from '../../metrics/conformal.js';
import { atThreshold, operatingPoint, type OperatingRule } from '../../metrics/decisions.js';
import {
  BEYOND_FOLLOW_UP,
  calibrationGroups,
  predictedSurvival,
  survivalCalibrationError,
  survivalCurve,
  type CalibrationGroup,
} from '../../metrics/survival-curve.js';
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

/** Probabilities at the temperature, `softmax(log p / T)`; several slides' mean probability is taken as one prediction. */
export function calibrate(outputs: readonly number[], { temperature }: Pick<ClassConfidence, 'temperature'>): number[] {
  return temperature.value === null
    ? [...outputs]
    : Array.from(softmaxRows(logits([outputs]), outputs.length, temperature.value));
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
  const temperature = fitTemperature(logits(validation.outputs), validation.labels, classes.length);
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

function chooseOperatingPoints(classes: readonly string[], { outputs, labels }: ScoredClasses): OperatingPoint[] {
  return classes.flatMap((name, c) => {
    const score = outputs.map((p) => p[c]);
    return (Object.keys(OPERATING_RULES) as (keyof typeof OPERATING_RULES)[]).map((rule) => {
      const threshold = operatingPoint(score, labels, c, OPERATING_RULES[rule]);
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
export function qualityOf({ outputs, labels }: ScoredClasses, C: number): ProbabilityQuality {
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
      { years, error, groups: withHighest(calibrationGroups(time, event, predicted, horizon, groups), predicted) },
    ];
  });
  return { patients: time.length, horizons };
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
