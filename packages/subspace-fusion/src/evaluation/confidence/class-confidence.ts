import {
  atThreshold,
  classBrier,
  classThresholds,
  conformalThreshold,
  expectedCalibrationError,
  fitTemperature,
  logLoss,
  operatingPoint,
  predictionSet,
  reliabilityCurve,
  softmaxRows,
  type OperatingRule,
} from '../../metrics/index.js';
import type { ClassConfidence, ConformalSets, OperatingPoint, ProbabilityQuality } from '../../runs/confidence.js';

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
  const predicted = outputs.map((p) => p.indexOf(Math.max(...p)));
  return {
    calibrationError: expectedCalibrationError(flat, labels, C),
    logLoss: logLoss(flat, labels, C),
    brier: classBrier(flat, labels, C),
    reliability: reliabilityCurve(
      outputs.map((p) => Math.max(...p)),
      predicted.map((c, i) => c === labels[i]),
      10,
    ),
  };
}
