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
  type Metric,
  type OperatingRule,
  type ReliabilityBin,
} from '../../metrics/index.js';

/** Share of future patients whose true class a prediction set should hold. */
export const COVERAGE = 0.9;
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
export const OPERATING_RULES = { youden: 'youden', sensitive: { sensitivity: 0.9 } } as const satisfies Record<
  string,
  OperatingRule
>;

/** From which calibrated probability on a patient is called a class, and what that reaches on the patients it was chosen on. */
export interface OperatingPoint {
  readonly class: string;
  /** `youden`: highest sensitivity + specificity; `sensitive`: highest threshold of sensitivity 0.9 or more. */
  readonly rule: keyof typeof OPERATING_RULES;
  readonly threshold: Metric;
  readonly sensitivity?: Metric;
  readonly specificity?: Metric;
}

/** Thresholds of the score 1 − calibrated probability of the true class. */
export interface ConformalSets {
  readonly coverage: number;
  /** Patients that neither trained, selected nor calibrated the model; and how many of each class. */
  readonly patients: number;
  readonly patientsByClass: readonly number[];
  /** One threshold for all patients: the coverage holds for the mean over classes. */
  readonly marginal: Metric;
  /** One for each class: it holds within each. A class with too few patients is refused, and never ruled out. */
  readonly byClass: readonly Metric[];
}

/** What makes a class model's probabilities into confidence. Learned from validation patients, the sets from the conformal part. */
export interface ClassConfidence {
  readonly classes: readonly string[];
  /** Validation patients. */
  readonly patients: number;
  /** Refused where no temperature is most likely; the probabilities then stay as they are. */
  readonly temperature: Metric;
  readonly operatingPoints: readonly OperatingPoint[];
  /** Absent where no patients were set aside. */
  readonly conformal?: ConformalSets;
}

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

/** How good the probabilities of some patients are: before the temperature, or after. */
export interface ProbabilityQuality {
  readonly calibrationError: Metric;
  readonly logLoss: Metric;
  readonly brier: Metric;
  /** Of the predicted class, in bins of a tenth. */
  readonly reliability: readonly ReliabilityBin[];
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
