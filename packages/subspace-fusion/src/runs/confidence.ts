import { z } from 'zod';
import type { Stored } from '../files/json.js';
import type { ReliabilityBin } from '../metrics/class-calibration.js';
import type { ExpectedCoverage } from '../metrics/conformal.js';
import type { CalibrationGroup } from '../metrics/survival-curve.js';
import { count, metric, number, numbers, texts } from './values.js';

const operatingPoint = z.object({
  class: z.string(),
  rule: z
    .enum(['youden', 'sensitive'])
    .describe('`youden`: highest sensitivity + specificity; `sensitive`: highest threshold of sensitivity 0.9 or more'),
  threshold: metric.describe('Calibrated probability from which on a patient is called the class'),
  sensitivity: metric.optional(),
  specificity: metric.optional(),
});
/** From which calibrated probability on a patient is called a class, and what that reaches on the patients it was chosen on. */
export type OperatingPoint = Stored<typeof operatingPoint>;

const conformalSets = z.object({
  coverage: number.describe('Share of patients whose true class a set should hold'),
  patients: count.describe('Patients that neither trained, selected nor calibrated the model'),
  patientsByClass: z.array(count).describe('How many of each class'),
  marginal: metric.describe('One threshold for all patients: the coverage holds for the mean over classes'),
  byClass: z
    .array(metric)
    .describe(
      'One for each class: it holds within each. A class with too few patients is refused, and never ruled out',
    ),
});
/** Thresholds of the score 1 − calibrated probability of the true class. */
export type ConformalSets = Stored<typeof conformalSets>;

const classConfidence = z.object({
  classes: texts,
  patients: count.describe('Validation patients'),
  temperature: metric.describe(
    'Applied where its interval excludes 1. Refused where no temperature is most likely. Otherwise the probabilities stay as they are',
  ),
  operatingPoints: z.array(operatingPoint),
  conformal: conformalSets.optional().describe('Absent where no patients were set aside'),
});
/** What makes a class model's probabilities into confidence. Learned from validation patients, the sets from the conformal part. */
export type ClassConfidence = Stored<typeof classConfidence>;

/** Years after which survival is given and its calibration judged. */
export const HORIZONS = [1, 2, 5] as const;
export type Horizon = (typeof HORIZONS)[number];

const similarPatients = z.object({
  n: count,
  predicted: number.describe('Mean predicted survival'),
  observed: metric.describe('Kaplan-Meier survival at the horizon'),
  highest: number.describe('The highest prediction among them'),
}) satisfies z.ZodType<CalibrationGroup>;
/** Patients predicted alike, and how many of them really lived to the horizon. */
export type SimilarPatients = Stored<typeof similarPatients>;

const horizonCalibration = z.object({
  years: z.literal(HORIZONS),
  error: metric,
  observedExpected: metric.optional().describe('Deaths seen (Kaplan-Meier) over those predicted: 1 is right'),
  slope: metric.optional().describe('Calibration slope: 1 is right, below 1 the predictions are too extreme'),
  groups: z.array(similarPatients).describe('Quantile groups of the prediction, lowest first'),
});
/** Predicted against observed survival at one horizon. */
export type HorizonCalibration = Stored<typeof horizonCalibration>;

const survivalCalibration = z.object({
  patients: count,
  horizons: z.array(horizonCalibration).describe("Horizons that lie within the model's last cut"),
});
/** Calibration of survival curves on patients that did not train the model. */
export type SurvivalCalibration = Stored<typeof survivalCalibration>;

const geneRange = z.object({
  patients: count.describe('Training patients'),
  clip: z.number().nullable().describe('What z-scores are clipped to, ±; null where they are not'),
  distance: number.describe('99th percentile over the training patients'),
  clipped: number.describe('The same of the share of genes at the bound'),
});
export type GeneRange = Stored<typeof geneRange>;

const featureRange = z.object({
  patients: count,
  mean: numbers.describe("Of the patients' mean patches, `[width]`"),
  deviation: numbers,
  distance: number.describe('99th percentile over the training patients'),
});
export type FeatureRange = Stored<typeof featureRange>;

const trainingRange = z.object({ genes: geneRange.optional(), features: featureRange.optional() });
/** What the training patients' inputs are like, by which another patient is recognised as unlike them; absent where there are none. */
export type TrainingRange = Stored<typeof trainingRange>;

const probabilityQuality = z.object({
  calibrationError: metric,
  logLoss: metric,
  brier: metric,
  reliability: z
    .array(
      z.object({
        from: z.number(),
        to: z.number(),
        n: count,
        predicted: number,
        observed: number,
        low: number,
        high: number,
      }) satisfies z.ZodType<ReliabilityBin>,
    )
    .describe('Of the predicted class, in bins of a tenth'),
  byClass: z
    .array(z.object({ class: z.string(), slope: metric, intercept: metric, observedExpected: metric }))
    .optional()
    .describe(
      'Each class against the rest: 1, 0 and 1 are right; a slope below 1 says that probabilities are too extreme',
    ),
});
/** How good the probabilities of some patients are: before the temperature, or after. */
export type ProbabilityQuality = Stored<typeof probabilityQuality>;

const expectedCoverage = z
  .object({ mean: number, low: number, high: number })
  .nullable() satisfies z.ZodType<ExpectedCoverage | null>;

const setCoverage = {
  coverage: metric,
  meanSize: number,
  sizes: z.array(count).describe('Patients with a set of 0, 1, … C classes'),
};
const classCoverage = z.object({
  class: z.string(),
  calibrators: count,
  refused: z.string().optional().describe('Why the class is in every set'),
  coverage: metric,
  expected: expectedCoverage.describe(
    'Its mean, and the interval that holds 95 % of what chance in calibration and test makes of it at these numbers of patients; null where it was refused',
  ),
});
export type ClassCoverage = Stored<typeof classCoverage>;
export type SetCoverage = Omit<SetResult['marginal'], 'expected'>;

const setResult = z.object({
  nominal: number.describe('What was asked for: 0.9'),
  calibrators: count,
  marginal: z
    .object({ ...setCoverage, expected: expectedCoverage })
    .describe('One threshold for all patients, with the coverage to expect'),
  byClass: z.object({ ...setCoverage, classes: z.array(classCoverage) }),
});
export type SetResult = Stored<typeof setResult>;

const classResult = z.object({
  temperature: metric,
  fittedOn: count.describe('Validation patients'),
  before: probabilityQuality,
  after: probabilityQuality,
  operatingPoints: z.array(operatingPoint).describe('At the thresholds of the validation patients'),
  sets: setResult.optional().describe('Absent where no patients were set aside'),
});
export type ClassResult = Stored<typeof classResult>;

const flags = z.object({ patients: count, flagged: count }).optional();

/** What a model's confidence turned out to be worth on patients who had no part in it. */
export const confidenceResult = z.object({
  classes: classResult.optional(),
  survival: survivalCalibration.optional(),
  unlikeTraining: z
    .object({ genes: flags, features: flags })
    .describe(
      'By kind of input: patients that could be compared with those of training, and how many are out of range',
    ),
});
export type ConfidenceResult = Stored<typeof confidenceResult>;

/** `confidence.json`: what is known of how far a run's model can be trusted, all of it from patients before the test; and what the test showed. */
export const confidenceFile = z.object({
  format: z.literal(1).describe('Form of the file'),
  checkpoint: z.string().describe('SHA-256 of the checkpoint that it was learned for'),
  range: trainingRange.describe("What the training patients' inputs are like"),
  classes: classConfidence.optional().describe('Classes: temperature, operating points, prediction sets'),
  survival: z
    .object({ on: z.enum(['conformal', 'validation']), ...survivalCalibration.shape })
    .optional()
    .describe(
      'Survival: predicted against observed, on the conformal part where there is one, which the epoch was not chosen on either, otherwise on the validation patients',
    ),
  test: confidenceResult.optional().describe('What the test patients showed of it; also `confidence` of `result.json`'),
});
export type Confidence = Stored<typeof confidenceFile>;
